-- title: leakproof function that did not come with PostgreSQL
-- severity: error
-- boot: no
-- why: LEAKPROOF lets a function see a row before the policies decide on it. PostgreSQL believes the mark without looking:
--   one that raises or logs its argument shows other tenants' values.
select format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as object,
  'marked leakproof, in language ' || l.lanname as detail,
  format('alter function %I.%I(%s) not leakproof;', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as fix
from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
where p.proleakproof and (n.nspname not in ('pg_catalog', 'information_schema') or p.oid >= 16384)
  and not exists (select from pg_depend where classid = 'pg_proc'::regclass and objid = p.oid and deptype = 'e')
