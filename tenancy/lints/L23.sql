-- title: right granted to public
-- severity: warning
-- boot: no
-- why: PUBLIC is every role, also those made later: functions are executable and languages usable by it unless that is
--   revoked. With a language's usage a statement that reaches `do` runs any code. Rights are granted by name.
with granted as (
  select 'pg_class'::regclass as classid, c.oid, case c.relkind when 'S' then 'sequence ' else 'table ' end || format('%I.%I', n.nspname, c.relname) as object, a.privilege
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  cross join lateral (select grantee, lower(privilege_type) as privilege from aclexplode(c.relacl)
    union all select x.grantee, lower(x.privilege_type) || format(' (%I)', t.attname) from pg_attribute t cross join lateral aclexplode(t.attacl) x
      where t.attrelid = c.oid and t.attacl is not null) a
  where a.grantee = 0 and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema')
  union all
  select 'pg_namespace'::regclass, n.oid, 'schema ' || quote_ident(n.nspname), lower(a.privilege_type)
  from pg_namespace n cross join lateral aclexplode(n.nspacl) a
  where a.grantee = 0 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  union all
  select 'pg_proc'::regclass, p.oid, case p.prokind when 'p' then 'procedure ' else 'function ' end
    || format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), lower(a.privilege_type)
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
  where a.grantee = 0 and n.nspname not in ('pg_catalog', 'information_schema')
  union all  -- 0: a language belongs to an extension, which makes it no less usable
  select 0, l.oid, 'language ' || quote_ident(l.lanname), lower(a.privilege_type)
  from pg_language l cross join lateral aclexplode(coalesce(l.lanacl, acldefault('l', l.lanowner))) a
  where a.grantee = 0 and l.lanpltrusted
  union all
  select 0, d.oid, 'database ' || quote_ident(d.datname), lower(a.privilege_type)
  from pg_database d cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
  where a.grantee = 0 and d.datname = current_database()
  union all
  select 'pg_foreign_server'::regclass, s.oid, 'foreign server ' || quote_ident(s.srvname), lower(a.privilege_type)
  from pg_foreign_server s cross join lateral aclexplode(s.srvacl) a where a.grantee = 0
  union all
  select 0, m.oid, 'large object ' || m.oid, lower(a.privilege_type)
  from pg_largeobject_metadata m cross join lateral aclexplode(m.lomacl) a where a.grantee = 0
)
select object, 'public has ' || string_agg(distinct privilege, ', ') as detail,
  format('revoke %s on %s from public;', string_agg(distinct privilege, ', '), object) as fix
from granted g
where not exists (select from pg_depend d where d.classid = g.classid and d.objid = g.oid and d.deptype = 'e')
group by object
