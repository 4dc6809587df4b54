create role lintbug_clerk;
create schema lintbug_crm;
create table lintbug_crm.deals (tenant_id uuid, id uuid, primary key (tenant_id, id));
create policy own on lintbug_crm.deals for all to lintbug_clerk
  using (tenant_id = (select current_setting('app.tenant', true)::uuid));
