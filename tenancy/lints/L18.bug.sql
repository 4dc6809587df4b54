-- finds: lintbug_s.grandchild
-- finds: lintbug_s.heir
create schema lintbug_s;
create table lintbug_s.parent (tenant_id uuid not null, id int) partition by range (id);
create table lintbug_s.child partition of lintbug_s.parent default partition by range (id);
create table lintbug_s.grandchild partition of lintbug_s.child default;
alter table lintbug_s.parent enable row level security, force row level security;
alter table lintbug_s.child enable row level security, force row level security;
grant select on lintbug_s.grandchild to bos_app;
create table lintbug_s.plain (tenant_id uuid not null, id int);
alter table lintbug_s.plain enable row level security, force row level security;
create table lintbug_s.heir () inherits (lintbug_s.plain);
grant select (id) on lintbug_s.heir to public;
