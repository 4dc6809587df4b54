-- title: foreign key action to review
-- severity: info
-- boot: no
-- why: An action runs as the table's owner and past the caller's policies. From a global parent it reaches every tenant
-- (measured: deleting a person deleted memberships of two tenants without any scope, V15): on delete restrict.
-- Between tenant tables a restricting or undeferrable key stops a rewind and an import, and `set null` without a
-- column clears tenant_id too. A cascade inside one tenant is listed so that somebody has looked at it.
-- A cure that makes a key anew lifts `force` around it (V184): run it in one transaction.
with keys as (
  select k.*, format('%I.%I', n.nspname, c.relname) as child, format('%I.%I', fn.nspname, f.relname) as parent,
    p.attnum is not null as tenant_parent, t.attnum as near, pg_get_constraintdef(k.oid) as text,
    concat(case when c.relforcerowsecurity then format('alter table %I.%I no force row level security; ', n.nspname, c.relname) end,
      case when f.relforcerowsecurity and f.oid <> c.oid then format('alter table %I.%I no force row level security; ', fn.nspname, f.relname) end) as lift,
    concat(case when c.relforcerowsecurity then format('; alter table %I.%I force row level security', n.nspname, c.relname) end,
      case when f.relforcerowsecurity and f.oid <> c.oid then format('; alter table %I.%I force row level security', fn.nspname, f.relname) end) as force,
    (select string_agg(quote_ident(a.attname), ', ' order by u.n) from unnest(k.confdelsetcols) with ordinality u(att, n)
      join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.att) as cleared,
    (select string_agg(quote_ident(a.attname), ', ' order by u.n) from unnest(k.conkey) with ordinality u(att, n)
      join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.att where a.attname <> 'tenant_id') as own
  from input cross join pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    join pg_class f on f.oid = k.confrelid join pg_namespace fn on fn.oid = f.relnamespace
    join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id' and not t.attisdropped
    left join pg_attribute p on p.attrelid = f.oid and p.attname = 'tenant_id' and not p.attisdropped
      and fn.nspname || '.' || f.relname <> all (input.exempt)
  where k.contype = 'f' and k.conparentid = 0 and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
    and n.nspname || '.' || c.relname <> all (input.exempt)
), found as (
  select *, lift || format('alter table %s drop constraint %I, add constraint %2$I ', child, conname) as again from keys
)
select child as object, format('%I: deleting a row of %s, which has no tenant, %s rows here in every tenant', conname, parent,
    case confdeltype when 'c' then 'deletes' else 'changes' end) as detail,
  again || regexp_replace(text, ' ON DELETE (CASCADE|SET NULL|SET DEFAULT)( \([^)]*\))?', ' ON DELETE RESTRICT') || force as fix
  from found where confdeltype in ('c', 'n', 'd') and not tenant_parent
union all select child, format('%I: deleting a row of %s deletes the rows here that point to it', conname, parent),
  'look whether the rows are worth less than their parent; else on delete no action' from found where confdeltype = 'c' and tenant_parent
union all select child, format('%I: deleting a row of %s clears %s', conname, parent, coalesce(cleared || ' here', 'every column of the key here, tenant_id too')),
  case when cleared is null then again || regexp_replace(text, ' ON DELETE SET (NULL|DEFAULT)', ' ON DELETE SET \1 (' || own || ')') || force
    else format('look whether a row without %s is complete; else on delete no action', cleared) end
  from found where confdeltype in ('n', 'd') and tenant_parent and (cleared is not null or near = any (conkey))
union all select child, format('%I: changing a key of %s changes rows here', conname, parent),
  again || regexp_replace(text, ' ON UPDATE (CASCADE|SET NULL|SET DEFAULT)', '') || force from found where confupdtype in ('c', 'n', 'd')
union all select child, format('%I: restricts at once, also when deferred, so a rewind cannot delete and insert', conname),
  again || regexp_replace(text, ' ON (DELETE|UPDATE) RESTRICT', '', 'g') || force from found where tenant_parent and 'r' in (confdeltype, confupdtype)
union all select child, format('%I: is not deferrable, so rows cannot come in any order', conname),
  format('alter table %s alter constraint %I deferrable initially immediate', child, conname) from found where tenant_parent and not condeferrable
