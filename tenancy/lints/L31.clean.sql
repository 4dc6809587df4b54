create schema lintbug_crm;
create table lintbug_crm.carts (tenant_id uuid, id uuid, primary key (tenant_id, id));
create temp table lintbug_carts (tenant_id uuid, id uuid);
