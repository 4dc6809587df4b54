-- title: audit record that can be changed
-- severity: error
-- boot: no
-- why: A record proves something only if nobody can change or drop entries (V152). Every role but the owner is kept
-- from update, delete and truncate, a serving role also from insert and trigger, and the owner does not log in: entries
-- come from its definer functions. Audit tables are those of a schema `audit`, and tables named audit_log and alike.
with tables as (
  select c.oid, c.relacl, c.relowner, format('%I.%I', n.nspname, c.relname) as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
    and (n.nspname = 'audit' or c.relname ~ '^audit$|(^|_)audit_(log|logs|trail|entries|events|records)$')
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
)
select t.name as object, format('%s may %s', g.who, string_agg(distinct lower(a.privilege_type), ', ')) as detail,
  format('revoke %s on %s from %s', string_agg(distinct lower(a.privilege_type), ', '), t.name, g.who) as fix
from input cross join tables t
  cross join lateral (select grantee, privilege_type from aclexplode(t.relacl)
    union select x.grantee, x.privilege_type from pg_attribute c cross join aclexplode(c.attacl) x where c.attrelid = t.oid) a
  cross join lateral (select case a.grantee when 0 then 'public' else a.grantee::regrole::text end as who) g
where a.grantee <> t.relowner and (a.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE') or a.privilege_type in ('INSERT', 'TRIGGER')
  and case a.grantee when 0 then true else exists (select from pg_roles r where r.rolname = any (input.roles)
    and not r.rolsuper and pg_has_role(r.oid, a.grantee, 'MEMBER')) end)
group by t.name, g.who
union all select t.name, format('its owner %s can log in, so its connection changes every entry', o.rolname),
  format('create role a_nologin_owner nologin; alter table %s owner to a_nologin_owner', t.name)
from tables t join pg_roles o on o.oid = t.relowner where o.rolcanlogin and not o.rolsuper
union all select t.name, format('%s serves requests and is a member of its owner %s', r.rolname, o.rolname), format('revoke %I from %I', o.rolname, r.rolname)
from input cross join tables t join pg_roles o on o.oid = t.relowner join pg_roles r on r.rolname = any (input.roles)
where r.oid <> o.oid and not r.rolsuper and pg_has_role(r.oid, o.oid, 'MEMBER')
