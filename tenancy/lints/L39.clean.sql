-- An operator's role may; a trigger function is called by nobody; a stable function can change nothing.
create role lintbug_operator;
grant execute on function pg_terminate_backend(int, bigint), pg_advisory_lock(bigint), lo_create(oid) to lintbug_operator;
grant usage on language plpgsql to lintbug_operator;
create schema lintbug_tools;
create table lintbug_tools.settings (name text primary key);
alter table lintbug_tools.settings enable row level security;
grant select on lintbug_tools.settings to public;
create function lintbug_tools.run() returns trigger language plpgsql as $$ begin execute 'select 1'; return new; end $$;
create function lintbug_tools.read(what text) returns void language plpgsql stable as $$ begin perform what; end $$;
