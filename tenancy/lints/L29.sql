-- title: trigger off, out of order or above row security
-- severity: error
-- boot: yes
-- why: A disabled or replica trigger does not fire, and `disable trigger all` takes the foreign keys with it, so a row
-- of another tenant can be referenced; an `always` one fires on both ends of a move. A definer function of a bypassing
-- owner reads every tenant. An AFTER ROW trigger that writes its own table is recorded in the wrong order (V186).
with found as (
  select format('%I.%I', n.nspname, c.relname) as name, t.*, k.conname, p.prosecdef, p.proowner,
    p.oid::regprocedure as signature, regexp_replace(coalesce(p.prosrc, ''), '--[^\n]*', '', 'g') as body,
    '("?' || n.nspname || '"?\.)?"?' || regexp_replace(c.relname, '([^a-zA-Z0-9_])', '\\\1', 'g') || '"?' as self,
    o.rolname as owner, o.rolsuper or o.rolbypassrls as bypass, n.nspname || '.' || c.relname <> all (input.exempt) and exists
      (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped) as tenant
  from input, pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    join pg_proc p on p.oid = t.tgfoid join pg_roles o on o.oid = p.proowner left join pg_constraint k on k.oid = t.tgconstraint
  where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
)
select name as object, format('the triggers of constraint %I are %s, so it is not enforced', coalesce(conname, tgname),
    case when bool_or(tgenabled = 'D') then 'disabled' else 'not in their usual state' end) as detail,
  format('alter table %s enable trigger all', name) as fix
  from found where tgisinternal and tgenabled <> 'O' group by name, coalesce(conname, tgname)
union all select name, format('trigger %I %s', tgname, case tgenabled when 'D' then 'is disabled'
    when 'R' then 'fires for replicated changes only' else 'fires for replicated changes too, so a moved row counts twice' end),
  format('alter table %s enable trigger %I', name, tgname)
  from found where not tgisinternal and tgenabled <> 'O'
union all select name, format('trigger %I reads or writes as %s, whom row security does not bind', tgname, owner),
  format('alter function %s security invoker', signature)
  from found where not tgisinternal and tenant and prosecdef and bypass
    and body ~* '\m(from|insert|update|delete|merge|truncate|copy|execute)\M'
union all select name, format('trigger %I writes the same table after each row: the change is recorded before the one that caused it; a before trigger changes the row in place', tgname),
  format('drop trigger %I on %s', tgname, name)
  from found where not tgisinternal and tenant and tgtype & 1 = 1 and tgtype & 66 = 0
    and (body ~* ('\m(insert\s+into|update(\s+only)?|delete\s+from(\s+only)?|merge\s+into)\s+' || self || '(\W|$)')
      or body ~* '\mexecute\M' and body ~* '\mtg_(relid|table_name)\M' and body ~* '\m(insert|update|delete|merge)\M')
