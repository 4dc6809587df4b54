create schema lintbug_s;
create role lintbug_owner nologin;
create function lintbug_s.pinned() returns int language sql security definer set search_path = pg_catalog, pg_temp as 'select 1';
alter function lintbug_s.pinned owner to lintbug_owner;
create function lintbug_s.bound() returns int language sql security definer begin atomic select 1; end;
alter function lintbug_s.bound owner to lintbug_owner;
create function lintbug_s.invoker() returns int language sql as 'select 1';
-- nobody else may call it
create function lintbug_s.mine() returns int language sql security definer set search_path = pg_catalog, pg_temp as 'select 1';
revoke execute on function lintbug_s.mine() from public;
create role lintbug_bypass nologin bypassrls;
create function lintbug_s.finder() returns int language sql security definer set search_path = pg_catalog, pg_temp as 'select 1';
alter function lintbug_s.finder owner to lintbug_bypass;
insert into tenancy.exempt (relation, reason) values ('lintbug_s.finder', 'generated, asks for the tenant itself');
