-- finds: schema lintbug_s
-- finds: table lintbug_s.told
-- finds: function lintbug_s.callable()
create schema lintbug_s;
grant usage on schema lintbug_s to public;
create table lintbug_s.told (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
grant select (id) on lintbug_s.told to public;
create function lintbug_s.callable() returns int language sql as 'select 1';
