create schema lintbug_s;
create table lintbug_s.companies (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
create table lintbug_s.contacts (tenant_id uuid not null, id uuid, company_id uuid, primary key (tenant_id, id),
  foreign key (tenant_id, company_id) references lintbug_s.companies (tenant_id, id) on delete set null (company_id) deferrable);
-- a parent that belongs to no tenant
create table lintbug_s.countries (code text primary key);
alter table lintbug_s.companies add country text references lintbug_s.countries on delete restrict;
