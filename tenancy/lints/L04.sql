-- title: tenant_id is nullable or not uuid
-- severity: error
-- boot: no
-- why: A row whose tenant_id is null belongs to nobody: no tenant sees it, no export, erasure or move takes it along. A
--   type other than uuid needs a cast in every policy, and the policy is then not the canonical text.
with tenant_table as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as name, a.attnum, a.atttypid, a.atttypmod,
    -- 18 knows not null constraints that old rows need not meet
    a.attnotnull and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'n'
      and k.conkey = array[a.attnum] and not k.convalidated) as filled
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema')
    and not (select exempt from input) && array(
      select rn.nspname || '.' || r.relname from pg_class r join pg_namespace rn on rn.oid = r.relnamespace
      where r.oid in (c.oid, pg_partition_root(c.oid)))
    and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
)
select name as object,
  concat_ws(', ', case when not filled then 'tenant_id may be null' end,
    case when atttypid <> 'uuid'::regtype then 'tenant_id is of type ' || format_type(atttypid, atttypmod) end) as detail,
  concat_ws(' ', case when atttypid <> 'uuid'::regtype
      then format('alter table %s alter column tenant_id type uuid using tenant_id::text::uuid;', name) end,
    case when not filled then format('alter table %s alter column tenant_id set not null;', name) end) as fix
from tenant_table where not filled or atttypid <> 'uuid'::regtype
