-- finds: lintbug_s.implicit policy adding
-- finds: lintbug_s.implicit policy tenant_isolation
create schema lintbug_s;
create table lintbug_s.implicit (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
alter table lintbug_s.implicit enable row level security, force row level security;
create policy tenant_isolation on lintbug_s.implicit using (tenant_id = (select tenancy.current_tenant()));
create policy adding on lintbug_s.implicit for insert;
