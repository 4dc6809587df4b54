create schema lintbug_crm;
create table lintbug_crm.deals (tenant_id uuid, id uuid, title text, primary key (tenant_id, id));
grant update on lintbug_crm.deals to public;
create table lintbug_crm.notes (tenant_id uuid, id uuid, body text, primary key (tenant_id, id));
grant update (tenant_id, body) on lintbug_crm.notes to public;
