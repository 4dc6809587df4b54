-- title: readable materialized view or foreign table
-- severity: error
-- boot: yes
-- why: Row security does not exist for them: a materialized view holds what its owner saw, a foreign table what the other
--   server shows. A serving role reads them whole.
select format('%I.%I', n.nspname, c.relname) as object,
  format('%s that %I may %s', case c.relkind when 'm' then 'materialized view' else 'foreign table' end, r.rolname,
    string_agg(lower(p), ', ' order by p)) as detail,
  format('revoke all on %I.%I from public, %I;', n.nspname, c.relname, r.rolname) as fix
from pg_class c join pg_namespace n on n.oid = c.relnamespace
join pg_roles r on r.rolname = any ((select roles from input)::text[]) and not r.rolsuper
cross join unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) p
where c.relkind in ('m', 'f') and not (select exempt from input) && array[n.nspname || '.' || c.relname]
  and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
  and (c.relkind = 'f' or p = 'SELECT')
  and case p when 'DELETE' then has_table_privilege(r.oid, c.oid, p) else has_any_column_privilege(r.oid, c.oid, p) end
group by n.nspname, c.relname, c.relkind, r.rolname
