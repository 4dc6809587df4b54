-- A view has the rule _RETURN by nature.
create schema lintbug_crm;
create table lintbug_crm.deals (tenant_id uuid, id uuid, primary key (tenant_id, id));
create view lintbug_crm.ids with (security_invoker = true) as select id from lintbug_crm.deals;
