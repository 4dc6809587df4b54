-- title: row security is not forced
-- severity: error
-- boot: yes
-- why: The owner of a table passes its policies unless they are forced, and with the owner every definer function and
--   every view of that owner, and every foreign key check.
with tenant_table as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as name, c.relowner, c.relrowsecurity, c.relforcerowsecurity
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema')
    and not (select exempt from input) && array(
      select rn.nspname || '.' || r.relname from pg_class r join pg_namespace rn on rn.oid = r.relnamespace
      where r.oid in (c.oid, pg_partition_root(c.oid)))
    and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
)
select name as object, format('row security does not hold for the owner %I', pg_get_userbyid(relowner)) as detail,
  format('alter table %s force row level security;', name) as fix
from tenant_table where relrowsecurity and not relforcerowsecurity
