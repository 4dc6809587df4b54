-- title: no restrictive floor
-- severity: error
-- boot: no
-- why: Permissive policies are joined by OR: one `using (true)` added later opens the table. A restrictive policy on
--   tenant_id that holds for public and every command stays; without it 99,000 foreign rows were seen, with it none.
with tenant_table as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema')
    and not (select exempt from input) && array(
      select rn.nspname || '.' || r.relname from pg_class r join pg_namespace rn on rn.oid = r.relnamespace
      where r.oid in (c.oid, pg_partition_root(c.oid)))
    and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
), command as (
  select * from (values ('r', 'select'), ('a', 'insert'), ('w', 'update'), ('d', 'delete')) v(code, label)
), floor as (
  select polrelid, polcmd, pg_get_expr(polqual, polrelid) ~ '\mtenant_id\M' as bounds_reads,
    coalesce(pg_get_expr(polwithcheck, polrelid), pg_get_expr(polqual, polrelid)) ~ '\mtenant_id\M' as bounds_writes
  from pg_policy where not polpermissive and 0 = any (polroles)
)
select name as object, 'no restrictive policy for public bounds ' || string_agg(label, ', ' order by label) as detail,
  format('drop policy if exists floor on %1$s; create policy floor on %1$s as restrictive for all to public using (tenant_id = (select tenancy.current_tenant()))'
    || ' with check (tenant_id = (select tenancy.writing_tenant()));', name) as fix
from tenant_table t cross join command c
where not exists (select from floor f where f.polrelid = t.oid and f.polcmd in ('*', c.code::"char")
  and (c.code = 'a' or f.bounds_reads) and (c.code in ('r', 'd') or f.bounds_writes))
group by name
