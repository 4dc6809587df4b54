create schema lintbug_crm;
create table lintbug_crm.deals (tenant_id uuid, id uuid, primary key (tenant_id, id));
create table lintbug_crm.copies (tenant_id uuid, id uuid, primary key (tenant_id, id));
create rule copy as on insert to lintbug_crm.deals do also insert into lintbug_crm.copies values (new.tenant_id, new.id);
