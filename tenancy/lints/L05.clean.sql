create schema lintbug_s;
create table lintbug_s.reading (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
alter table lintbug_s.reading enable row level security, force row level security;
create policy reading on lintbug_s.reading for select using (tenant_id = (select tenancy.current_tenant()));
create policy floor on lintbug_s.reading as restrictive for all using (tenant_id = (select tenancy.current_tenant()));
grant select on lintbug_s.reading to bos_app;
create table lintbug_s.guarded (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
select tenancy.guard('lintbug_s.guarded');
grant select, insert, update, delete on lintbug_s.guarded to bos_app;
