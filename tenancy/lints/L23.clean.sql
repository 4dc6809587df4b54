create schema lintbug_s;
grant usage on schema lintbug_s to bos_app;
create table lintbug_s.told (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
grant select on lintbug_s.told to bos_app;
create function lintbug_s.callable() returns int language sql as 'select 1';
revoke execute on function lintbug_s.callable() from public;
create type lintbug_s.mood as enum ('good');
