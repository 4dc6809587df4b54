-- title: tenant_id can be updated
-- severity: error
-- boot: yes
-- why: A row that changes its tenant is a write into another tenant; only `with check` stands between (V9). A column
-- grant without tenant_id takes the statement away before any policy is asked.
select format('%I.%I', n.nspname, c.relname) as object,
  format('%s may update tenant_id (by a grant on the %s)', g.who, g.place) as detail,
  case g.place when 'column' then format('revoke update (tenant_id) on %I.%I from %s', n.nspname, c.relname, g.who)
    else format('revoke update on %I.%I from %s', n.nspname, c.relname, g.who) || coalesce(
      format('; grant update (%s) on %I.%I to %s', o.columns, n.nspname, c.relname, g.who), '') end as fix
from input, pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id' and not t.attisdropped
  cross join lateral (
    select case a.grantee when 0 then 'public' else a.grantee::regrole::text end as who, a.grantee, 'table' as place
      from aclexplode(c.relacl) a where a.privilege_type = 'UPDATE'
    union select case a.grantee when 0 then 'public' else a.grantee::regrole::text end, a.grantee, 'column'
      from aclexplode(t.attacl) a where a.privilege_type = 'UPDATE') g
  cross join lateral (select string_agg(quote_ident(x.attname), ', ' order by x.attnum) as columns from pg_attribute x
    where x.attrelid = c.oid and x.attnum > 0 and not x.attisdropped and x.attgenerated = '' and x.attname <> 'tenant_id'
      and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and x.attnum = any (i.indkey::int2[]))) o
where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
  and n.nspname || '.' || c.relname <> all (input.exempt) and g.grantee <> c.relowner
  and case g.grantee when 0 then true else exists (select from pg_roles r where r.rolname = any (input.roles)
    and not r.rolsuper and pg_has_role(r.oid, g.grantee, 'MEMBER')) end
