-- finds: lintbug_s.halfway
-- finds: lintbug_s.nothing
create schema lintbug_s;
create table lintbug_s.halfway (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
alter table lintbug_s.halfway enable row level security, force row level security;
create policy reading on lintbug_s.halfway for select using (tenant_id = (select tenancy.current_tenant()));
grant select, insert on lintbug_s.halfway to bos_app;
create table lintbug_s.nothing (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
alter table lintbug_s.nothing enable row level security, force row level security;
