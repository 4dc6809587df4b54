-- title: unlogged table or sequence
-- severity: warning
-- boot: no
-- why: It is empty after a crash, on every replica, and after a restore from a base backup; a logical move skips it.
select format('%I.%I', n.nspname, c.relname) as object,
  format('this %s is unlogged: a crash empties it', case c.relkind when 'S' then 'sequence' else 'table' end) as detail,
  format('alter %s %I.%I set logged', case c.relkind when 'S' then 'sequence' else 'table' end, n.nspname, c.relname) as fix
from input, pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'S') and c.relpersistence = 'u'
  and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
  and n.nspname || '.' || c.relname <> all (input.exempt)
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
