-- title: serving role may create objects
-- severity: error
-- boot: yes
-- why: With CREATE an injected statement makes functions, operators and tables that others then resolve to; a temporary
--   table shadows a real one by name, and temporary files fill the disk of all.
with role as (
  select oid, rolname from pg_roles where rolname = any ((select roles from input)::text[]) and not rolsuper
)
select format('database %I', d.datname) as object, format('%I may %s', rolname, case p when 'CREATE' then 'create schemas' else 'create temporary tables' end) as detail,
  format('revoke %s on database %I from public, %I;', lower(p), d.datname, rolname) as fix
from role cross join pg_database d cross join unnest('{CREATE,TEMPORARY}'::text[]) p
where d.datname = current_database() and has_database_privilege(role.oid, d.oid, p)
union all
select format('schema %I', n.nspname), format('%I may create objects in it', rolname), format('revoke create on schema %I from public, %I;', n.nspname, rolname)
from role cross join pg_namespace n
where n.nspname !~ '^pg_(temp|toast)' and has_schema_privilege(role.oid, n.oid, 'CREATE')
