-- title: table without tenant_id that nobody exempted
-- severity: error
-- boot: yes
-- why: One readable table without isolation is enough for schema_to_xml or a careless join to show every tenant's rows.
--   Whatever belongs to no tenant is named in tenancy.exempt with its reason; a partition follows its parent.
select format('%I.%I', n.nspname, c.relname) as object, 'no column tenant_id and no exemption' as detail,
  case when exists (select from pg_proc p join pg_namespace pn on pn.oid = p.pronamespace where pn.nspname = 'tenancy' and p.proname = 'protect')
    then format('select tenancy.protect(%L);', format('%I.%I', n.nspname, c.relname))
    else format('alter table %I.%I add column tenant_id uuid not null;', n.nspname, c.relname) end
  || format(' -- or, if no tenant owns its rows: insert into tenancy.exempt (relation, reason) values (%L, ''why'');',
    n.nspname || '.' || c.relname) as fix
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema')
  and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
  and not (select exempt from input) && array(
    select rn.nspname || '.' || r.relname from pg_class r join pg_namespace rn on rn.oid = r.relnamespace
    where r.oid in (c.oid, pg_partition_root(c.oid)))
  and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
