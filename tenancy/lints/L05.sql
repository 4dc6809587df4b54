-- title: a command without a permissive policy
-- severity: error
-- boot: no
-- why: Without a permissive policy a command fails or, worse, finds no rows: without a scope the answer must be an error,
--   never nothing. Such a table usually gets its rows from somebody who bypasses the policies.
with tenant_table as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema')
    and not (select exempt from input) && array(
      select rn.nspname || '.' || r.relname from pg_class r join pg_namespace rn on rn.oid = r.relnamespace
      where r.oid in (c.oid, pg_partition_root(c.oid)))
    and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
), command as (
  select * from (values ('r', 'SELECT'), ('a', 'INSERT'), ('w', 'UPDATE'), ('d', 'DELETE')) v(code, privilege)
), wanted as (  -- who may run what; `anyone` stands for a table that no serving role may touch yet
  select t.oid, t.name, r.rolname, c.code, c.privilege, p.polname is not null as allowed
  from tenant_table t join pg_class k on k.oid = t.oid and k.relrowsecurity
  cross join command c
  join pg_roles r on r.rolname = any ((select roles from input)::text[]) and not r.rolsuper and not r.rolbypassrls
    and case c.privilege when 'DELETE' then has_table_privilege(r.oid, t.oid, 'DELETE')
      else has_any_column_privilege(r.oid, t.oid, c.privilege) end
  left join lateral (select p.polname from pg_policy p where p.polrelid = t.oid and p.polpermissive and p.polcmd in ('*', c.code::"char")
    and exists (select from unnest(p.polroles) o(role) where role = 0 or pg_has_role(r.oid, role, 'USAGE')) limit 1) p on true
  union all
  select t.oid, t.name, 'anyone', 'r', 'SELECT', exists (select from pg_policy p where p.polrelid = t.oid and p.polpermissive and p.polcmd in ('*', 'r'))
  from tenant_table t join pg_class k on k.oid = t.oid and k.relrowsecurity
)
select name as object,
  format('no permissive policy lets %I %s', rolname, lower(string_agg(privilege, ', ' order by privilege))) as detail,
  case when exists (select from pg_proc p join pg_namespace pn on pn.oid = p.pronamespace where pn.nspname = 'tenancy' and p.proname = 'guard')
    then format('select tenancy.guard(%L); -- after dropping its other policies', name)
    else format('give %s one permissive policy for all commands to public that compares tenant_id with the verified tenant', name) end as fix
from wanted where not allowed group by name, rolname
