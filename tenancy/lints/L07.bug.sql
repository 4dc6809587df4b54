-- finds: lintbug_s.open
-- finds: lintbug_s.hollow
create schema lintbug_s;
create table lintbug_s.open (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
select tenancy.guard('lintbug_s.open');
drop policy floor on lintbug_s.open;
create table lintbug_s.hollow (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
alter table lintbug_s.hollow enable row level security, force row level security;
create policy floor on lintbug_s.hollow as restrictive using (tenant_id = (select tenancy.current_tenant())) with check (true);
