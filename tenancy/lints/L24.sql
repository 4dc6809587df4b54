-- title: default privileges that reach a serving role
-- severity: warning
-- boot: no
-- why: A table that a migration makes is readable from its first moment, before or without its policies. Rights are
--   granted per table, together with its protection.
select format('default privileges of %I%s', pg_get_userbyid(d.defaclrole), coalesce(' in schema ' || quote_ident(n.nspname), '')) as object,
  format('%s gets %s on new %s', w.grantee, lower(string_agg(a.privilege_type, ', ' order by a.privilege_type)), k.kind) as detail,
  format('alter default privileges for role %I%s revoke %s on %s from %s;', pg_get_userbyid(d.defaclrole), coalesce(' in schema ' || quote_ident(n.nspname), ''),
    lower(string_agg(a.privilege_type, ', ' order by a.privilege_type)), k.kind, w.grantee) as fix
from pg_default_acl d
join (values ('r', 'tables'), ('S', 'sequences'), ('f', 'functions'), ('n', 'schemas'), ('L', 'large objects')) k(code, kind) on k.code = d.defaclobjtype::text
left join pg_namespace n on n.oid = d.defaclnamespace
cross join lateral aclexplode(d.defaclacl) a
cross join lateral (select case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee) w
where a.grantee <> d.defaclrole
  and (a.grantee = 0 or exists (select from pg_roles r where r.rolname = any ((select roles from input)::text[]) and pg_has_role(r.oid, a.grantee, 'MEMBER')))
  -- what a new function gives public anyway, and this entry only repeats
  and not (a.grantee = 0 and d.defaclnamespace = 0 and d.defaclobjtype = 'f')
group by d.defaclrole, n.nspname, w.grantee, k.kind
