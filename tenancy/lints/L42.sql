-- title: policy that reads another table
-- severity: warning
-- boot: no
-- why: The subquery sees the snapshot of the statement, so a right taken away meanwhile still holds (V46); it needs the
-- caller's rights on the other table, is itself under that table's policies, and runs per row when it names a column.
select format('%I.%I', n.nspname, c.relname) as object,
  format('policy %I reads %s', p.polname, string_agg(distinct format('%I.%I', fn.nspname, f.relname), ', ')) as detail,
  format('compare a column of the row with the sealed tenant only: alter policy %I on %I.%I using (…) with check (…)',
    p.polname, n.nspname, c.relname) as fix
from input, pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
  join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_class'::regclass and d.refobjid <> p.polrelid
  join pg_class f on f.oid = d.refobjid join pg_namespace fn on fn.oid = f.relnamespace
where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
  and n.nspname || '.' || c.relname <> all (input.exempt)
group by n.nspname, c.relname, p.polname
