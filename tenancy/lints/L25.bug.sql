-- finds: role bos_app
-- finds: parameter session_replication_role
alter role bos_app set app.current_tenant_id = '00000000-0000-4000-8000-000000000001';
alter role bos_app set session_replication_role = replica;
create schema lintbug_s;
create table lintbug_s.asks (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
create policy asking on lintbug_s.asks using (tenant_id = (select current_setting('lintbug.tenant', true)::uuid));
alter role bos_app set lintbug.tenant = '00000000-0000-4000-8000-000000000001';
grant set on parameter session_replication_role to bos_app;
