-- title: policy without an explicit with check
-- severity: error
-- boot: no
-- why: Where with check is missing PostgreSQL takes the using expression for what is written, too. Whoever widens using
--   for reading then lets rows of other tenants be written, and a verification that writing needs is never made.
with tenant_table as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema')
    and not (select exempt from input) && array(
      select rn.nspname || '.' || r.relname from pg_class r join pg_namespace rn on rn.oid = r.relnamespace
      where r.oid in (c.oid, pg_partition_root(c.oid)))
    and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
)
select format('%s policy %I', name, p.polname) as object,
  format('%s policy for %s has no with check', case when p.polpermissive then 'permissive' else 'restrictive' end,
    case p.polcmd when '*' then 'all commands' when 'a' then 'insert' else 'update' end) as detail,
  case when p.polqual is null then format('drop policy %I on %s;', p.polname, name)
    else format('alter policy %I on %s with check (%s);', p.polname, name, pg_get_expr(p.polqual, p.polrelid)) end as fix
from tenant_table t join pg_policy p on p.polrelid = t.oid
where p.polcmd in ('*', 'a', 'w') and p.polwithcheck is null
