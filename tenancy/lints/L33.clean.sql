-- A table without tenants may have them.
create schema lintbug_crm;
create table lintbug_crm.people (tenant_id uuid, id uuid, city text, zip text, primary key (tenant_id, id));
create table lintbug_crm.places (city text, zip text, primary key (city, zip));
create statistics lintbug_crm.places_pairs (mcv, dependencies) on city, zip from lintbug_crm.places;
