-- title: unique key without tenant_id
-- severity: error
-- boot: no
-- why: A key over all tenants tells one tenant that another has the value, makes it wait for another's uncommitted row,
--   and showed another's row text through `on conflict … where` (CVE-2026-120154). A primary key of id alone also makes
--   it impossible to replicate one tenant.
with tenant_table as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as name, a.attnum
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema')
    and not (select exempt from input) && array(
      select rn.nspname || '.' || r.relname from pg_class r join pg_namespace rn on rn.oid = r.relnamespace
      where r.oid in (c.oid, pg_partition_root(c.oid)))
    and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
), key as (
  select t.name, i.indexrelid, k.oid as constraint_oid, k.conname, x.relname as index_name, xn.nspname as index_schema,
    case k.contype when 'p' then 'primary key' when 'x' then 'exclusion constraint' when 'u' then 'unique constraint' else 'unique index' end as kind,
    -- an exclusion constraint keeps tenants apart only when it compares tenant_id for equality
    exists (select from generate_series(0, i.indnkeyatts - 1) s(pos) where i.indkey[s.pos] = t.attnum and (not i.indisexclusion
      or exists (select from pg_operator o where o.oid = k.conexclop[s.pos + 1] and o.oprname = '='))) as bound
  from tenant_table t join pg_index i on i.indrelid = t.oid and (i.indisunique or i.indisexclusion)
  join pg_class x on x.oid = i.indexrelid and not x.relispartition join pg_namespace xn on xn.oid = x.relnamespace
  left join pg_constraint k on k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
)
select format('%s %I', name, coalesce(conname, index_name)) as object, kind || ' without tenant_id' as detail,
  case when kind = 'exclusion constraint' then  -- of the access methods only gist takes a uuid beside another column
      format('create extension if not exists btree_gist; alter table %s drop constraint %I, add constraint %I %s;', name, conname, conname,
        regexp_replace(pg_get_constraintdef(constraint_oid), '^EXCLUDE USING \w+ \(', 'EXCLUDE USING gist (tenant_id WITH =, '))
    when constraint_oid is not null then format('alter table %s drop constraint %I, add constraint %I %s;', name, conname, conname,
      regexp_replace(pg_get_constraintdef(constraint_oid), '\(', '(tenant_id, '))
    else format('drop index %I.%I; %s;', index_schema, index_name, regexp_replace(pg_get_indexdef(indexrelid), '\(', '(tenant_id, ')) end as fix
from key where not bound
