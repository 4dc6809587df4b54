create schema lintbug_crm;
create table lintbug_crm.people (tenant_id uuid, id uuid, city text, zip text, primary key (tenant_id, id));
create statistics lintbug_crm.people_places (mcv, dependencies) on city, zip from lintbug_crm.people;
