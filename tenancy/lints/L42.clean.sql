create schema lintbug_crm;
create table lintbug_crm.members (tenant_id uuid, person name, primary key (tenant_id, person));
create table lintbug_crm.deals (tenant_id uuid, id uuid, primary key (tenant_id, id));
create policy own on lintbug_crm.deals for all to public
  using (tenant_id = (select current_setting('app.tenant', true)::uuid));
