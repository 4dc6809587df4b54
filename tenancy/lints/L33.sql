-- title: extended statistics on a tenant table
-- severity: warning
-- boot: no
-- why: They are taken over the rows of all tenants together, hold combined values of several columns or of an
-- expression, and steer the row estimates that EXPLAIN shows to each tenant (V22, V24). Column statistics do so too,
-- but need no decision; these need one.
select format('%I.%I', n.nspname, c.relname) as object,
  format('statistics %I.%I mix values of all tenants', sn.nspname, s.stxname) as detail,
  format('drop statistics %I.%I', sn.nspname, s.stxname) as fix
from input, pg_statistic_ext s join pg_namespace sn on sn.oid = s.stxnamespace
  join pg_class c on c.oid = s.stxrelid join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id' and not t.attisdropped
where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
  and n.nspname || '.' || c.relname <> all (input.exempt)
