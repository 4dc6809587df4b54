-- title: setting or parameter right that weakens a session
-- severity: error
-- boot: yes
-- why: What is set for a role or a database holds in every session of it, and `reset all` returns to it: a tenant given in
--   advance, triggers and foreign keys off, parameters (seals among them) in the log. The right to SET such a parameter
--   is as good.
with serving as (
  select oid, rolname from pg_roles where rolname = any ((select roles from input)::text[])
), setting as (
  select s.setrole, s.setdatabase, lower(split_part(c, '=', 1)) as name, lower(substr(c, strpos(c, '=') + 1)) as value
  from pg_db_role_setting s cross join lateral unnest(s.setconfig) c
  where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
    and (s.setrole = 0 or s.setrole in (select oid from serving))
), judged as (
  select *, concat_ws(' ', case when setrole <> 0 then format('role %I', pg_get_userbyid(setrole)) when setdatabase = 0 then 'role all' end,
      case when setdatabase <> 0 then format('%s %I', case when setrole <> 0 then 'in database' else 'database' end, current_database()) end) as whose,
    case
      when name in ('role', 'session_preload_libraries', 'local_preload_libraries', 'dynamic_library_path') then true
      when name in ('allow_system_table_mods', 'ignore_system_indexes', 'zero_damaged_pages', 'transform_null_equals') then value::bool
      when name in ('row_security', 'standard_conforming_strings') then not value::bool
      when name = 'session_replication_role' then value <> 'origin'
      when name = 'backslash_quote' then value <> 'safe_encoding' and value not in ('off', 'false', 'no', '0')
      when name ~ 'log_parameter_max_length(_on_error)?$' then value !~ '^0'
      -- a schema before pg_catalog decides what every function and operator name means
      when name = 'search_path' then value ~ '\mpg_catalog\M' and value !~ '^"?pg_catalog\M'
      -- of the made-up settings those that name a tenant: what the policies, or the functions they may call, ask for
      when name like 'app.%' then true
      when name like '%.%' then exists (select from pg_policy p where strpos(lower(concat(pg_get_expr(p.polqual, p.polrelid),
          pg_get_expr(p.polwithcheck, p.polrelid))), quote_literal(name)) > 0)
        or exists (select from pg_proc p join pg_namespace n on n.oid = p.pronamespace
          where n.nspname not in ('pg_catalog', 'information_schema') and strpos(lower(p.prosrc), quote_literal(name)) > 0)
      else false end as weak
  from setting
)
select whose as object,
  case when name like '%.%' then format('gives %s a value in every session', name) else format('sets %s to %L', name, value) end as detail,
  format('alter %s reset %s;', whose, name) as fix
from judged where weak
union all
select 'parameter ' || p.parname, format('%s has %s', w.grantee, lower(string_agg(a.privilege_type, ', ' order by a.privilege_type))),
  format('revoke %s on parameter %s from %s;', lower(string_agg(a.privilege_type, ', ' order by a.privilege_type)), p.parname, w.grantee)
from pg_parameter_acl p cross join lateral aclexplode(p.paracl) a
cross join lateral (select case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee) w
where a.grantee = 0 or exists (select from serving s where pg_has_role(s.oid, a.grantee, 'MEMBER'))
group by p.parname, w.grantee
