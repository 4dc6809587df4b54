-- title: rewrite rule
-- severity: error
-- boot: yes
-- why: What a rule adds runs with the rights of the table's owner, not of the caller, and it rewrites the statement
-- before policies are applied to it (V50). Triggers and functions do the same work under the caller's policies.
select format('%I.%I', n.nspname, c.relname) as object,
  format('rule %I rewrites every %s on it', w.rulename, case w.ev_type when '2' then 'update' when '3' then 'insert'
    when '4' then 'delete' else 'select' end) as detail,
  format('drop rule %I on %I.%I', w.rulename, n.nspname, c.relname) as fix
from pg_rewrite w join pg_class c on c.oid = w.ev_class join pg_namespace n on n.oid = c.relnamespace
where w.rulename <> '_RETURN' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
  and not exists (select from pg_depend d where d.deptype = 'e'
    and (d.classid, d.objid) in (('pg_class'::regclass, c.oid), ('pg_rewrite'::regclass, w.oid)))
