-- title: no index that begins with tenant_id
-- severity: warning
-- boot: no
-- why: Every statement asks for one tenant. Without such an index it reads the rows of all: the quiet tenant pays for the
--   big one, and the time an answer takes tells how much the others hold.
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
select name as object, 'no valid, complete btree index begins with tenant_id' as detail,
  format('create index on %s (tenant_id);', name) as fix
from tenant_table t
where not exists (select from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
  where i.indrelid = t.oid and i.indkey[0] = t.attnum and i.indisvalid and i.indpred is null and m.amname = 'btree')
