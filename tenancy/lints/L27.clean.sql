create schema lintbug_crm;
create table lintbug_crm.deals (tenant_id uuid, id uuid, title text, primary key (tenant_id, id));
grant select, insert, delete, update (title) on lintbug_crm.deals to public;
