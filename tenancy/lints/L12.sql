-- title: foreign key between tenant tables without tenant_id
-- severity: error
-- boot: no
-- why: The check of a foreign key bypasses the policies: without tenant_id on both sides a row of one tenant may refer to
--   another's, learns whether it exists, locks it, and a cascade deletes across.
with tenant_table as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as name, a.attnum
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema')
    and not (select exempt from input) && array(
      select rn.nspname || '.' || r.relname from pg_class r join pg_namespace rn on rn.oid = r.relnamespace
      where r.oid in (c.oid, pg_partition_root(c.oid)))
    and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
)
select format('%s %I', a.name, k.conname) as object,
  format('refers to %s without tenant_id %s', b.name, case when own and other then 'at the same place on both sides'
    when own then 'on its side' when other then 'on this side' else 'on both sides' end) as detail,
  case when own or other then format('alter table %s drop constraint %I; -- and add it with tenant_id first on both sides', a.name, k.conname)
    else format('alter table %s drop constraint %I, add constraint %I %s; -- needs a unique key (tenant_id, …) on %s', a.name, k.conname, k.conname,
      regexp_replace(pg_get_constraintdef(k.oid), '^FOREIGN KEY \((.*?)\) REFERENCES (.*?)\(', 'FOREIGN KEY (tenant_id, \1) REFERENCES \2(tenant_id, '), b.name)
    end as fix
from pg_constraint k join tenant_table a on a.oid = k.conrelid join tenant_table b on b.oid = k.confrelid
cross join lateral (select coalesce(bool_or(near = a.attnum), false) as own, coalesce(bool_or(far = b.attnum), false) as other,
  coalesce(bool_or(near = a.attnum and far = b.attnum), false) as paired from unnest(k.conkey, k.confkey) u(near, far)) u
where k.contype = 'f' and k.conparentid = 0 and not paired
