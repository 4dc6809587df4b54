create schema lintbug_crm;
create unlogged table lintbug_crm.carts (tenant_id uuid, id uuid, primary key (tenant_id, id));
