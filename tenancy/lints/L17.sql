-- title: right that passes row security
-- severity: error
-- boot: yes
-- why: TRUNCATE empties the table of every tenant, REFERENCES lets a foreign key probe and lock any row, TRIGGER runs code
--   with the rights of whoever writes, MAINTAIN (17) locks and rewrites. Policies apply to none of them; exempt tables
--   are looked at, too.
with privilege as (
  select unnest(case when current_setting('server_version_num')::int >= 170000 then '{TRUNCATE,REFERENCES,TRIGGER,MAINTAIN}'
    else '{TRUNCATE,REFERENCES,TRIGGER}' end::text[]) as p
), held as (
  select format('%I.%I', n.nspname, c.relname) as name, r.rolname, p
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_roles r on r.rolname = any ((select roles from input)::text[]) and not r.rolsuper and not pg_has_role(r.oid, c.relowner, 'MEMBER')
  cross join privilege
  where c.relkind in ('r', 'p', 'v', 'f', 'm') and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema')
    and (c.relacl is not null or exists (select from pg_attribute a where a.attrelid = c.oid and a.attacl is not null))
    and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
    and case p when 'REFERENCES' then has_any_column_privilege(r.oid, c.oid, p) else has_table_privilege(r.oid, c.oid, p) end
)
select name as object, format('%I has %s', rolname, string_agg(lower(p), ', ' order by p)) as detail,
  format('revoke %s on %s from public, %I;', string_agg(lower(p), ', ' order by p), name, rolname) as fix
from held group by name, rolname
