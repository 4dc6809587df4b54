-- title: serving role owns objects
-- severity: error
-- boot: yes
-- why: An owner grants itself every right, drops policies and, unless they are forced, is under none. What serves
--   requests owns nothing.
select i.type || ' ' || i.identity as object, format('belongs to %I, which serves requests', r.rolname) as detail,
  case when i.type in ('table', 'view', 'materialized view', 'sequence', 'foreign table', 'function', 'procedure', 'aggregate', 'schema', 'type', 'database', 'large object')
    then format('alter %s %s owner to %I;', i.type, i.identity, pg_get_userbyid(b.datdba))
    else format('reassign owned by %I to %I;', r.rolname, pg_get_userbyid(b.datdba)) end as fix
from pg_shdepend d join pg_roles r on r.oid = d.refobjid and r.rolname = any ((select roles from input)::text[])
join pg_database b on b.datname = current_database()
cross join lateral pg_identify_object(d.classid, d.objid, 0) i
where d.refclassid = 'pg_authid'::regclass and d.deptype = 'o' and d.dbid in (0, b.oid)
  and not exists (select from pg_class t where d.classid = 'pg_class'::regclass and t.oid = d.objid and t.relpersistence = 't')
