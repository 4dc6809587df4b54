-- finds: lintbug_s.perrow policy a
-- finds: lintbug_s.missing policy b
-- finds: lintbug_s.nested policy c
-- finds: lintbug_s.quoted policy d
create schema lintbug_s;
create table lintbug_s.perrow (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
create policy a on lintbug_s.perrow using (tenant_id = tenancy.current_tenant()) with check (tenant_id = (select tenancy.writing_tenant()));
create table lintbug_s.missing (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
create policy b on lintbug_s.missing using (tenant_id = (select current_setting('app.tenant')::uuid));
create table lintbug_s.quoted (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
create policy d on lintbug_s.quoted using (tenant_id = current_setting('app.it''s(select x', true)::uuid);
create table lintbug_s.nested (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
create policy c on lintbug_s.nested
  using (tenant_id = (select tenancy.current_tenant()) and (id is null or tenant_id = nullif(current_setting('app.tenant', true), '')::uuid));
