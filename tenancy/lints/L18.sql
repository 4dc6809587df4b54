-- title: partition or child that is readable past its parent's policies
-- severity: error
-- boot: yes
-- why: Row security of a parent holds for statements that name the parent. A partition or inheriting table named directly
--   asks its own: without it a right on the child is a right on every tenant's rows.
with recursive below as (
  select i.inhrelid as child, p.oid as parent from pg_class p join pg_inherits i on i.inhparent = p.oid
  where p.relrowsecurity and p.relkind in ('r', 'p')
  union select i.inhrelid, b.parent from below b join pg_inherits i on i.inhparent = b.child
), granted as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as name, b.parent, a.grantee, a.privilege_type
  from below b join pg_class c on c.oid = b.child and not c.relrowsecurity join pg_namespace n on n.oid = c.relnamespace
  cross join lateral (select (aclexplode(c.relacl)).* union select (aclexplode(attacl)).* from pg_attribute where attrelid = c.oid) a
  where a.grantee <> c.relowner and not exists (select from pg_roles r where r.oid = a.grantee and (r.rolsuper or r.rolbypassrls))
)
select g.name as object,
  format('%s may %s this child of %s, and its row security is off', w.grantee, string_agg(distinct lower(privilege_type), ', '),
    string_agg(distinct format('%I.%I', pn.nspname, p.relname), ', ')) as detail,
  format('revoke all on %s from %s; alter table %s enable row level security, force row level security;', g.name, w.grantee, g.name) as fix
from granted g join pg_class p on p.oid = g.parent join pg_namespace pn on pn.oid = p.relnamespace
cross join lateral (select case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end as grantee) w
group by g.name, w.grantee
