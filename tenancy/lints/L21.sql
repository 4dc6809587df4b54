-- title: definer function without a pinned search_path, or of a bypassing owner
-- severity: error
-- boot: yes
-- why: A SECURITY DEFINER function runs with its owner's rights: the caller's search_path decides what its names mean,
--   unless it is pinned with pg_temp last (unlisted, pg_temp is searched first), and where the owner is a superuser or
--   has BYPASSRLS no policy holds inside. A reviewed one of a bypassing owner is named in tenancy.exempt.
with definer as (
  select p.oid, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as name,
    n.nspname || '.' || p.proname as plain, r.rolname, r.rolsuper, r.rolbypassrls, p.prosqlbody is not null as bound,
    (select regexp_split_to_array(substr(s, length('search_path=') + 1), '\s*,\s*') from unnest(p.proconfig) s where s like 'search\_path=%') as path
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_roles r on r.oid = p.proowner
  where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema')
    and not exists (select from pg_depend where classid = 'pg_proc'::regclass and objid = p.oid and deptype = 'e')
)
select name as object, case when path is null then 'search_path is not pinned'
    when path[cardinality(path)] <> 'pg_temp' then 'search_path does not end with pg_temp, which is then searched first'
    else 'search_path holds "$user", which the caller decides' end as detail,
  format('alter routine %s set search_path = pg_catalog, pg_temp;', name) as fix
from definer
where not bound and (path is null or path[cardinality(path)] <> 'pg_temp' or '"$user"' = any (path))
union all
select name, format('runs as %I, which %s', rolname, case when rolsuper then 'is superuser' else 'has BYPASSRLS' end),
  format('give %s to a role that is under the policies, or name %s in tenancy.exempt with a reason', name, plain)
from definer d
where (rolsuper or rolbypassrls) and plain <> all ((select exempt from input)::text[])
  and (exists (select from pg_trigger g where g.tgfoid = d.oid) or exists (
    select from pg_proc p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where p.oid = d.oid and a.grantee <> p.proowner))
