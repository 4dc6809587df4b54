-- finds: lintbug_s.unpinned()
-- finds: lintbug_s.temp_first()
-- finds: lintbug_s.emptied()
-- finds: lintbug_s.superuser()
-- finds: lintbug_s.bypassing()
create schema lintbug_s;
create role lintbug_owner nologin;
create function lintbug_s.unpinned() returns int language sql security definer as 'select 1';
alter function lintbug_s.unpinned owner to lintbug_owner;
create function lintbug_s.temp_first() returns int language sql security definer set search_path = pg_catalog as 'select 1';
alter function lintbug_s.temp_first owner to lintbug_owner;
create function lintbug_s.emptied() returns int language sql security definer set search_path = '' as 'select 1';
alter function lintbug_s.emptied owner to lintbug_owner;
create function lintbug_s.superuser() returns int language sql security definer set search_path = pg_catalog, pg_temp as 'select 1';
create role lintbug_bypass nologin bypassrls;
create function lintbug_s.bypassing() returns int language sql security definer set search_path = pg_catalog, pg_temp as 'select 1';
alter function lintbug_s.bypassing owner to lintbug_bypass;
