create schema lintbug_s;
create table lintbug_s.canonical (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
select tenancy.guard('lintbug_s.canonical');
create policy narrower on lintbug_s.canonical as restrictive for select using (id is not null);
-- what records is checked by its own function
create schema if not exists audit;
create table audit.lintbug_entries (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
select tenancy.guard('audit.lintbug_entries', 'recording_tenant');
-- written by hand, and read with another search path
create table lintbug_s.byhand (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
alter table lintbug_s.byhand enable row level security, force row level security;
create policy floor on lintbug_s.byhand as restrictive using (tenant_id = (select tenancy.current_tenant())) with check (tenant_id = (select tenancy.writing_tenant()));
create policy tenant_isolation on lintbug_s.byhand using (tenant_id = (select tenancy.current_tenant())) with check (tenant_id = (select tenancy.writing_tenant()));
create policy fence on lintbug_s.byhand as restrictive for delete using (tenant_id = (select tenancy.writing_tenant()));
set local search_path = tenancy, lintbug_s;
