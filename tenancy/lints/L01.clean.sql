create schema lintbug_s;
create table lintbug_s.on_ (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
alter table lintbug_s.on_ enable row level security, force row level security;
create table lintbug_s.parent (tenant_id uuid not null, id int) partition by range (id);
create table lintbug_s.child partition of lintbug_s.parent default;
alter table lintbug_s.parent enable row level security, force row level security;
alter table lintbug_s.child enable row level security, force row level security;
-- no tenant column: another lint's business
create table lintbug_s.plain (id int primary key);
