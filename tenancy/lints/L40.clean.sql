create schema lintbug_crm;
create table lintbug_crm.people (id uuid primary key);
create table lintbug_crm.deals (tenant_id uuid, id uuid, owner uuid references lintbug_crm.people on delete restrict, primary key (tenant_id, id));
create table lintbug_crm.lines (tenant_id uuid, id uuid, deal_id uuid, primary key (tenant_id, id),
  constraint lines_deal foreign key (tenant_id, deal_id) references lintbug_crm.deals deferrable initially immediate);
