-- title: key counted by a sequence
-- severity: warning
-- boot: no
-- why: The numbers are drawn for all tenants together: a tenant reads from its own how many rows the others make (V25),
-- guesses neighbours, and after a move or an import two homes hand out the same one. uuid keys have none of it; a
-- number that people read is counted per tenant.
select format('%I.%I.%I', n.nspname, c.relname, a.attname) as object,
  case when a.attidentity <> '' then 'is an identity column and part of a key' else 'is numbered by a sequence and part of a key' end as detail,
  case when exists (select from pg_constraint k where k.contype = 'f' and (k.confrelid = c.oid and a.attnum = any (k.confkey)
      or k.conrelid = c.oid and a.attnum = any (k.conkey))) then format('add a uuid key beside %I, move the foreign keys to it, drop %1$I', a.attname)
    else format('alter table %I.%I alter column %I %s; alter table %1$I.%2$I alter column %3$I type uuid using gen_random_uuid(), alter column %3$I set default gen_random_uuid()',
      n.nspname, c.relname, a.attname, case when a.attidentity <> '' then 'drop identity' else 'drop default' end) end as fix
from input, pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id' and not t.attisdropped
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relkind in ('r', 'p') and not c.relispartition
  and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
  and n.nspname || '.' || c.relname <> all (input.exempt)
  and (a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) ~ '\mnextval\(')
  and exists (select from pg_index i where i.indrelid = c.oid and i.indisunique and a.attnum = any (i.indkey::int2[]))
