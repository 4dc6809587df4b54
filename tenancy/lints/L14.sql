-- title: serving role can become a stronger one
-- severity: error
-- boot: yes
-- why: Membership, direct or through others, with or without INHERIT, is one SET ROLE away from the role's rights: an
--   owner may drop the policies, BYPASSRLS is under none, the pg_* roles read all tables, files, statistics or settings.
with owner as (
  select relowner as oid from pg_class c where c.oid >= 16384
  union select nspowner from pg_namespace where oid >= 16384
  union select proowner from pg_proc where oid >= 16384
  union select datdba from pg_database where datname = current_database()
)
select r.rolname::text as object,
  format('can become %I, which %s', m.rolname, concat_ws(', ', case when m.rolsuper then 'is superuser' end, case when m.rolbypassrls then 'has BYPASSRLS' end,
    case when m.rolcreaterole then 'has CREATEROLE' end, case when m.rolreplication then 'has REPLICATION' end,
    case when m.rolname ~ '^pg_' then 'is predefined' end, case when o.oid is not null then 'owns objects here' end)) as detail,
  coalesce((select string_agg(format('revoke %I from %I;', m.rolname, pg_get_userbyid(g.member)), ' ') from pg_auth_members g
    where g.roleid = m.oid and pg_has_role(r.oid, g.member, 'MEMBER')), format('take the ownership of the database away from %I', r.rolname)) as fix
from pg_roles r
join pg_roles m on m.oid <> r.oid and pg_has_role(r.oid, m.oid, 'MEMBER')
left join owner o on o.oid = m.oid
where r.rolname = any ((select roles from input)::text[]) and not r.rolsuper
  and (m.rolsuper or m.rolbypassrls or m.rolcreaterole or m.rolreplication or m.rolname ~ '^pg_' or o.oid is not null)
