grant execute on function pg_terminate_backend(int, bigint), pg_advisory_lock(bigint), lo_create(oid) to public;
grant usage on language plpgsql to public;
create schema lintbug_tools;
create table lintbug_tools.settings (name text primary key);
grant select on lintbug_tools.settings to public;
create function lintbug_tools.run(what text) returns void language plpgsql as $$ begin execute what; end $$;
grant execute on function lintbug_tools.run(text) to public;
