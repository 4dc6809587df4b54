-- Run once per database by an admin (superuser for the full mode), before any migration; safe to run again.
-- Roles live in the whole server, so two databases on one server share them. Login roles get their passwords
-- from setup.ts. Everything below needs rights that no role the product logs in with ever has.
do $$
declare r text;
begin
  perform pg_advisory_xact_lock(7410);
  foreach r in array '{bos_owner,bos_seal,bos_audit}'::text[] loop
    if to_regrole(r) is null then execute format('create role %I nologin', r); end if;
  end loop;
  foreach r in array '{bos_app,bos_control}'::text[] loop
    if to_regrole(r) is null then execute format('create role %I login', r); end if;
  end loop;
  if to_regrole('bos_migrator') is null then create role bos_migrator login noinherit; end if;
end $$;
grant bos_owner, bos_audit, bos_seal to bos_migrator;
do $$
begin
  execute format('revoke all on database %I from public', current_database());
  execute format('grant connect on database %I to bos_app, bos_control, bos_migrator', current_database());
  execute format('grant create on database %I to bos_migrator', current_database());
end $$;
revoke all on schema public from public;

-- `do` and functions made on the fly are how a statement would reach what the gate refuses: the server itself takes
-- the languages away. Existing functions keep running. An admin without superuser gets a WARNING here and nothing
-- happens: setup.ts looks afterwards and names the weaker mode.
revoke usage on language plpgsql, sql from public;
grant usage on language plpgsql, sql to bos_owner, bos_seal, bos_audit, bos_migrator;

-- Advisory locks of a tenant are its move fence; notify, terminate, large objects and messages in the WAL cross tenants,
-- and currtid2 tells of rows that row security hides.
do $$
declare f regprocedure;
begin
  for f in select oid::regprocedure from pg_proc where pronamespace = 'pg_catalog'::regnamespace
    and (proname like 'pg\_advisory%' or proname like 'pg\_try\_advisory%'
      or proname in ('pg_notify', 'pg_terminate_backend', 'pg_cancel_backend', 'loread', 'lowrite',
        'pg_logical_emit_message', 'currtid2') or proname like 'lo\_%') loop
    if has_function_privilege('public', f, 'execute') then
      execute format('revoke execute on function %s from public', f);
    end if;
    if f::text like '%advisory%' then
      execute format('grant execute on function %s to bos_owner, bos_migrator, bos_control', f);
    end if;
  end loop;
end $$;
grant execute on function pg_advisory_xact_lock_shared(bigint) to bos_seal;  -- writing_tenant()
grant execute on function pg_advisory_unlock_all() to bos_app;               -- the opening of every lease
grant execute on function pg_notify(text, text) to bos_control, bos_migrator;
