-- title: policy for a named role
-- severity: warning
-- boot: no
-- why: It binds that role only: any other role with a grant is judged by the remaining policies, and before 15.20 /
-- 16.16 / 17.12 / 18.6 DROP OWNED BY that role takes the policy away (CVE-2026-116311, measured).
select format('%I.%I', n.nspname, c.relname) as object,
  format('policy %I is for %s only', p.polname, (select string_agg(case r when 0 then 'public' else r::regrole::text end, ', ') from unnest(p.polroles) r)) as detail,
  format('alter policy %I on %I.%I to public', p.polname, n.nspname, c.relname) as fix
from input, pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
where p.polroles <> '{0}' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
  and n.nspname || '.' || c.relname <> all (input.exempt)
