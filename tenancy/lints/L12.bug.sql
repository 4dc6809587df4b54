-- finds: lintbug_s.contacts contacts_company_id_fkey
-- finds: lintbug_s.contacts contacts_other_tenant_company_id_fkey
create schema lintbug_s;
create table lintbug_s.companies (tenant_id uuid not null, id uuid unique, primary key (tenant_id, id));
create table lintbug_s.contacts (tenant_id uuid not null, id uuid, company_id uuid references lintbug_s.companies (id) on delete cascade,
  other_tenant uuid, primary key (tenant_id, id),
  foreign key (other_tenant, company_id) references lintbug_s.companies (tenant_id, id));
