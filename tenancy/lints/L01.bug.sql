-- finds: lintbug_s.off
-- finds: lintbug_s.child
create schema lintbug_s;
create table lintbug_s.off (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
create policy floor on lintbug_s.off as restrictive using (tenant_id is not null);
create table lintbug_s.parent (tenant_id uuid not null, id int) partition by range (id);
create table lintbug_s.child partition of lintbug_s.parent default;
alter table lintbug_s.parent enable row level security, force row level security;
