-- title: view without security_invoker
-- severity: error
-- boot: yes
-- why: Such a view reads with its owner's rights: where the owner bypasses the policies, it shows every tenant to whoever
--   may read the view. With security_invoker (15) the policies and grants of the reader hold.
with recursive guarded as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
    and (c.relrowsecurity or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped))
    and not (select exempt from input) && array[n.nspname || '.' || c.relname]
), reads as (
  select distinct w.ev_class as reader, d.refobjid as source from pg_rewrite w
  join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass and d.refobjid <> w.ev_class
  where w.ev_type = '1'
), reach as (
  select r.reader, g.name from reads r join guarded g on g.oid = r.source
  union select r.reader, b.name from reads r join reach b on b.reader = r.source
)
select format('%I.%I', n.nspname, c.relname) as object,
  format('reads %s with the rights of %I', string_agg(b.name, ', ' order by b.name), pg_get_userbyid(c.relowner)) as detail,
  format('alter view %I.%I set (security_invoker = true);', n.nspname, c.relname) as fix
from pg_class c join pg_namespace n on n.oid = c.relnamespace join reach b on b.reader = c.oid
where c.relkind = 'v' and not (select exempt from input) && array[n.nspname || '.' || c.relname]
  and not exists (select from pg_options_to_table(c.reloptions) o where o.option_name = 'security_invoker' and o.option_value::bool)
group by n.nspname, c.relname, c.relowner
