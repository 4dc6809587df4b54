create schema lintbug_crm;
create table lintbug_crm.deals (tenant_id uuid, id uuid, primary key (tenant_id, id));
create publication lintbug_all for all tables;
create publication lintbug_schema for tables in schema lintbug_crm;
create publication lintbug_wide for table lintbug_crm.deals;
