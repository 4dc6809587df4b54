-- title: row security is off
-- severity: error
-- boot: yes
-- why: Policies of a table (a partition, a partitioned parent) do nothing until row security is enabled on that very
--   relation: whoever may read it reads every tenant. A partition that is named directly asks its own flag only.
with tenant_table as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as name, c.relkind, c.relispartition, c.relrowsecurity
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema')
    and not (select exempt from input) && array(
      select rn.nspname || '.' || r.relname from pg_class r join pg_namespace rn on rn.oid = r.relnamespace
      where r.oid in (c.oid, pg_partition_root(c.oid)))
    and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
)
select name as object,
  format('row security is off on this %s%s',
    case when relispartition then 'partition' when relkind = 'p' then 'partitioned table' else 'table' end,
    case (select count(*) from pg_policy where polrelid = t.oid)
      when 0 then '' else ', so its policies do nothing' end) as detail,
  format('alter table %s enable row level security, force row level security;', name) as fix
from tenant_table t where not relrowsecurity
