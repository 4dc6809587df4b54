-- title: constraint not validated, or index not valid
-- severity: warning
-- boot: no
-- why: A foreign key that is NOT VALID may have rows that cross tenants; an invalid index is paid for by every write
-- and used by no read. Validating as owner while the table is forced and has no policies declares it valid with the
-- crossing row present (measured, V184), so the cure lifts `force` around it: run it in one transaction.
select format('%I.%I', n.nspname, c.relname) as object,
  format('constraint %I is %s', k.conname, case when to_jsonb(k) ->> 'conenforced' = 'false' then 'not enforced' else 'not validated' end) as detail,
  concat_ws('; ', (select string_agg(format('alter table %s no force row level security', x), '; ') from unnest(f.tables) x),
    case when to_jsonb(k) ->> 'conenforced' = 'false' and k.contype = 'f' then format('alter table %I.%I alter constraint %I enforced', n.nspname, c.relname, k.conname)
      when to_jsonb(k) ->> 'conenforced' = 'false' then format('alter table %I.%I drop constraint %I, add constraint %3$I %s', n.nspname, c.relname, k.conname,
        replace(pg_get_constraintdef(k.oid), ' NOT ENFORCED', ''))
      else format('alter table %I.%I validate constraint %I', n.nspname, c.relname, k.conname) end,
    (select string_agg(format('alter table %s force row level security', x), '; ') from unnest(f.tables) x)) as fix
from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
  cross join lateral (select array_agg(format('%I.%I', y.nspname, x.relname)) as tables from pg_class x join pg_namespace y on y.oid = x.relnamespace
    where x.oid in (k.conrelid, k.confrelid) and x.relforcerowsecurity) f
where (not k.convalidated or to_jsonb(k) ->> 'conenforced' = 'false')
  and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
union all select format('%I.%I', n.nspname, c.relname),
  format('index %I is %s', x.relname, case when not i.indisready then 'not ready: writes do not reach it' else 'not valid: no read uses it' end),
  case when x.relkind = 'I' then format('create the index on each partition and attach it to %I.%I', xn.nspname, x.relname)
    else format('reindex index concurrently %I.%I', xn.nspname, x.relname) end
from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
  join pg_class x on x.oid = i.indexrelid join pg_namespace xn on xn.oid = x.relnamespace
where not (i.indisvalid and i.indisready and i.indislive)
  and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
