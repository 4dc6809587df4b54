-- title: a serving role can call risky functions or use a language
-- severity: warning
-- boot: no
-- why: All tenants share the role: one of them could end the others' sessions, hold their locks, send them
-- notifications, keep data in large objects. A `do` block, or a function with dynamic SQL, re-prepares what the next
-- lease runs (V168). query_to_xml and its like print every table that the role may read (V180), so they are a finding
-- only where one readable table has no row security. An admin without superuser cannot revoke these: weaker mode.
with reach as materialized (
  select 0::oid as grantee, 'public' as who from input, pg_roles r where r.rolname = any (input.roles) and not r.rolsuper
  union select m.oid, m.oid::regrole::text from input, pg_roles r, pg_roles m
    where r.rolname = any (input.roles) and not r.rolsuper and pg_has_role(r.oid, m.oid, 'MEMBER')
), callable as (
  select p.oid, p.pronamespace, p.proname, p.oid::regprocedure::text as signature, p.prosrc, p.provolatile, p.prorettype, l.lanname, g.grantee, g.who
  from pg_proc p join pg_language l on l.oid = p.prolang
    cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a join reach g on g.grantee = a.grantee
  where a.grantee <> p.proowner
), families (family, names, why) as (values
  ('sessions', '^pg_(terminate|cancel)_backend$', 'ends sessions and statements of other tenants'),
  ('advisory locks', '^pg_(try_)?advisory_(?!unlock_all$)', 'takes or drops the locks that fence a tenant''s writes'),
  ('notifications', '^pg_notify$', 'sends payloads to whoever listens'),
  ('large objects', '^(lo_.*|loread|lowrite)$', 'keeps data where no row security holds'),
  ('files', '^pg_(read_(binary_)?file|ls_.*|stat_file|file_.*|current_logfile|logdir_ls)$', 'reads or writes files of the server'),
  ('server control', '^pg_(reload_conf|rotate_logfile|promote|switch_wal|create_restore_point|backup_(start|stop)|wal_replay_(pause|resume)|stat_reset.*|log_backend_memory_contexts)$', 'acts on the whole server'),
  ('other databases', '^dblink(_.*)?$', 'opens connections to other databases')
)
select f.family as object, format('%s may call %s: %s', c.who, string_agg(distinct c.signature, ', '), f.why) as detail,
  format('revoke execute on function %s from %s', string_agg(distinct c.signature, ', '), c.who) as fix
from families f join callable c on c.proname ~ f.names
where c.pronamespace = 'pg_catalog'::regnamespace or f.family in ('other databases', 'files')  -- these two come from extensions
group by f.family, f.why, c.who
union all select 'XML export', format('%s may call %s, and %s is readable without row security', c.who, 'query_to_xml and its like', min(o.name)),
  format('revoke execute on function %s from %s', string_agg(distinct c.signature, ', '), c.who)
from callable c cross join lateral (select min(format('%I.%I', n.nspname, x.relname)) as name
    from input cross join pg_class x join pg_namespace n on n.oid = x.relnamespace join pg_roles r on r.rolname = any (input.roles)
    where x.relkind in ('r', 'p') and not x.relrowsecurity and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
      and n.nspname || '.' || x.relname <> all (input.exempt) and has_table_privilege(r.oid, x.oid, 'SELECT')
      and not r.rolsuper and case c.grantee when 0 then true else pg_has_role(r.oid, c.grantee, 'MEMBER') end
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = x.oid and d.deptype = 'e')) o
where c.pronamespace = 'pg_catalog'::regnamespace and c.proname ~ '^(query|table|schema|database)_to_xml' and o.name is not null
group by c.who
union all select c.signature, format('%s may call it, and it runs dynamic SQL: what reaches its text is not seen by the statement gate', c.who),
  format('revoke execute on function %s from %s', c.signature, c.who)
from callable c join pg_namespace n on n.oid = c.pronamespace
where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)' and c.provolatile = 'v'
  and c.lanname not in ('internal', 'c', 'sql') and c.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
  and regexp_replace(c.prosrc, '--[^\n]*', '', 'g') ~* '\mexecute\M'
  and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = c.oid and d.deptype = 'e')
union all select format('language %I', l.lanname), format('%s may use it: a function made or a do block run inside a statement (V168)', g.who),
  format('revoke usage on language %I from %s', l.lanname, g.who)
from pg_language l cross join aclexplode(coalesce(l.lanacl, acldefault('l', l.lanowner))) a join reach g on g.grantee = a.grantee
where l.lanpltrusted and a.grantee <> l.lanowner
