create schema lintbug_s;
create table lintbug_s.once (tenant_id uuid not null, id uuid, name varchar(20), primary key (tenant_id, id));
create policy a on lintbug_s.once using (tenant_id = (select tenancy.current_tenant())) with check (tenant_id = (select tenancy.writing_tenant()));
create policy b on lintbug_s.once as restrictive using (tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid)
  and lower(name) <> coalesce(name::varchar(10), 'now()') and (id is not null or name in ('a', 'b')));
create policy c on lintbug_s.once as restrictive using (tenant_id = any (array(select tenancy.current_tenant()))
  and tenant_id = (select case when current_setting('app.tenant', true) = '(' then null else tenancy.current_tenant() end));
