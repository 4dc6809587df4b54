-- title: a serving role can use a sequence
-- severity: warning
-- boot: no
-- why: A sequence is shared by all tenants and has no row security: last_value tells each of them how busy the others
-- are, nextval moves it, and setval makes everybody's next insert fail on a used number. Keys are uuids; an identity
-- column needs no grant on its sequence.
select format('%I.%I', n.nspname, c.relname) as object,
  format('%s may %s it; a sequence counts for all tenants together', g.who, string_agg(case a.privilege_type
    when 'SELECT' then 'read' when 'USAGE' then 'advance' else 'set' end, ', ' order by a.privilege_type)) as detail,
  format('revoke all on sequence %I.%I from %s', n.nspname, c.relname, g.who) as fix
from input, pg_class c join pg_namespace n on n.oid = c.relnamespace
  cross join lateral aclexplode(c.relacl) a
  cross join lateral (select case a.grantee when 0 then 'public' else a.grantee::regrole::text end as who) g
where c.relkind = 'S' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
  and n.nspname || '.' || c.relname <> all (input.exempt)
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  and a.grantee <> c.relowner
  and case a.grantee when 0 then true else exists (select from pg_roles r where r.rolname = any (input.roles)
    and not r.rolsuper and pg_has_role(r.oid, a.grantee, 'MEMBER')) end
group by n.nspname, c.relname, g.who
