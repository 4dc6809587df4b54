-- title: policy is not the canonical text
-- severity: error
-- boot: yes
-- why: What is compared letter by letter needs no judgement: three policies, their text as tenancy.guard() writes it, no
--   other permissive one (it would be joined by OR). In a database without the kernel every permissive policy must at
--   least name tenant_id.
with tenant_table as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as name, n.nspname, c.relname
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema')
    and not (select exempt from input) && array(
      select rn.nspname || '.' || r.relname from pg_class r join pg_namespace rn on rn.oid = r.relnamespace
      where r.oid in (c.oid, pg_partition_root(c.oid)))
    and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
), kernel as (
  select p.oid, p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where n.nspname = 'tenancy' and p.pronargs = 0 and p.proname in ('current_tenant', 'writing_tenant', 'recording_tenant')
), expected as (
  select t.*, v.polname, v.permissive, v.cmd, v.qual, v.checked, w.writer from tenant_table t
  cross join lateral (select case when nspname = 'audit' or (nspname, relname) = ('identity', 'sessions')
    then 'recording_tenant' else 'writing_tenant' end as writer) w
  cross join lateral (values
    ('floor', false, '*', 'current_tenant', writer), ('tenant_isolation', true, '*', 'current_tenant', writer),
    ('fence', false, 'd', writer, null)) v(polname, permissive, cmd, qual, checked)
  where exists (select from kernel)
), actual as (
  -- a name is only written out where the search path does not find it: hence the functions by oid, and nothing else of
  -- the user's (an operator, a type) in the expression
  select p.polrelid, p.polname, p.polpermissive, p.polcmd, p.polroles,
    replace(pg_get_expr(p.polqual, p.polrelid), 'tenancy.', '') as qual,
    replace(pg_get_expr(p.polwithcheck, p.polrelid), 'tenancy.', '') as checked, d.functions, d.others
  from pg_policy p join tenant_table t on t.oid = p.polrelid
  cross join lateral (select array_agg(distinct refobjid) filter (where refclassid = 'pg_proc'::regclass) as functions,
    count(*) filter (where not (refclassid = 'pg_proc'::regclass or (refclassid = 'pg_class'::regclass and refobjid = p.polrelid))) as others
    from pg_depend where classid = 'pg_policy'::regclass and objid = p.oid) d
), compared as (
  select e.*, a.polrelid is not null as found, a.polpermissive is not distinct from e.permissive and a.polcmd::text = e.cmd
    and a.polroles = '{0}' and a.others = 0
    and a.qual = '(tenant_id = ( SELECT ' || e.qual || '() AS ' || e.qual || '))'
    and a.checked is not distinct from '(tenant_id = ( SELECT ' || e.checked || '() AS ' || e.checked || '))'
    and a.functions @> k.oids and a.functions <@ k.oids as same
  from expected e left join actual a on a.polrelid = e.oid and a.polname = e.polname
  cross join lateral (select array_agg(oid) as oids from kernel where proname in (e.qual, e.checked)) k
)
select format('%s policy %I', name, polname) as object,
  case when found then 'differs from the canonical text' else 'is missing' end as detail,
  case when found then format('drop policy %I on %s; ', polname, name) else '' end
    || format('create policy %I on %s as %s for %s to public using (tenant_id = (select tenancy.%I()))', polname, name,
      case when permissive then 'permissive' else 'restrictive' end, case cmd when '*' then 'all' else 'delete' end, qual)
    || coalesce(' with check (tenant_id = (select tenancy.' || checked || '()))', '') || ';' as fix
from compared where not found or same is not true
union all
select format('%s policy %I', name, a.polname), 'further permissive policy beside tenant_isolation',
  format('drop policy %I on %s;', a.polname, name)
from actual a join tenant_table t on t.oid = a.polrelid
where a.polpermissive and a.polname <> 'tenant_isolation' and exists (select from kernel)
union all
select format('%s policy %I', name, a.polname), format('permissive policy whose %s does not name tenant_id', w.part),
  format('drop policy %I on %s;', a.polname, name)
from actual a join tenant_table t on t.oid = a.polrelid
cross join lateral (values ('using expression', a.qual), ('with check expression', a.checked)) w(part, text)
where a.polpermissive and w.text !~ '\mtenant_id\M' and not exists (select from kernel)
