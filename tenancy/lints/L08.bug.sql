-- finds: audit.lintbug_entries policy floor
-- finds: audit.lintbug_entries policy tenant_isolation
-- finds: audit.lintbug_entries policy fence
-- finds: lintbug_s.tautology policy tenant_isolation
-- finds: lintbug_s.wide policy support
-- finds: lintbug_s.unfenced policy fence
-- finds: lintbug_s.impostor policy floor
-- finds: lintbug_s.operated policy floor
-- finds: lintbug_s.named policy tenant_isolation
create schema lintbug_s;
create table lintbug_s.tautology (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
select tenancy.guard('lintbug_s.tautology');
alter policy tenant_isolation on lintbug_s.tautology using (tenant_id = (select tenancy.current_tenant()) or true);
create table lintbug_s.wide (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
select tenancy.guard('lintbug_s.wide');
create policy support on lintbug_s.wide using (true) with check (false);
create table lintbug_s.unfenced (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
select tenancy.guard('lintbug_s.unfenced');
drop policy fence on lintbug_s.unfenced;
-- the same letters, another function
create function lintbug_s.current_tenant() returns uuid language sql as 'select gen_random_uuid()';
create table lintbug_s.impostor (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
select tenancy.guard('lintbug_s.impostor');
alter policy floor on lintbug_s.impostor using (tenant_id = (select lintbug_s.current_tenant()));
-- the same letters, another operator
create function lintbug_s.anything(uuid, uuid) returns bool language sql as 'select true';
create operator lintbug_s.= (leftarg = uuid, rightarg = uuid, function = lintbug_s.anything);
create table lintbug_s.operated (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
select tenancy.guard('lintbug_s.operated');
alter policy floor on lintbug_s.operated using (tenant_id operator(lintbug_s.=) (select tenancy.current_tenant()));
create table lintbug_s.named (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
select tenancy.guard('lintbug_s.named');
alter policy tenant_isolation on lintbug_s.named to bos_app;
create schema if not exists audit;
create table audit.lintbug_entries (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
select tenancy.guard('audit.lintbug_entries');
set local search_path = lintbug_s, tenancy;
