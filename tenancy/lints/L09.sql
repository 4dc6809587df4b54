-- title: policy calls a function per row, or current_setting with one argument
-- severity: warning
-- boot: no
-- why: A call that is not wrapped in (select ...) runs for every row (58-97 ms against 250-790 ms for 400,000 rows) and
--   lets a query's own conditions run before the policy (CVE-2026-116327). current_setting(name) fails with an error
--   about a missing setting, or about '' after the first COMMIT, instead of refusing.
with recursive policy as (
  select format('%I.%I policy %I', n.nspname, c.relname, p.polname) as object, format('%I.%I', n.nspname, c.relname) as name, p.polname, e.part,
    -- literals emptied and casts dropped, so that what is left in brackets are arguments and sub-selects
    regexp_replace(regexp_replace(e.text, '''([^'']|'''')*''', '''''', 'g'), '::("[^"]+"|[a-z_0-9.]+( (varying|precision))?)(\([0-9, ]+\))?(\[\])*', '', 'g') as text
  from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
  cross join lateral (values ('using', pg_get_expr(p.polqual, p.polrelid)), ('with check', pg_get_expr(p.polwithcheck, p.polrelid))) e(part, text)
  where e.text is not null and n.nspname not in ('pg_catalog', 'information_schema')
    and not n.nspname || '.' || c.relname = any ((select exempt from input)::text[])
), unwrapped as (  -- takes the innermost bracket away, a sub-select wholly, until no sub-select is left
  select object, name, polname, part, text, 0 as round from policy
  union all
  select object, name, polname, part, case when text ~ '\(\s*SELECT\M[^()]*\)' then regexp_replace(text, '\(\s*SELECT\M[^()]*\)', '~', 'g')
    else regexp_replace(text, '\(([^()]*)\)', '{\1}', 'g') end, round + 1
  from unwrapped where round < 50 and text ~ '\mSELECT\M' and text ~ '\([^()]*\)'
), bare as (
  select distinct on (object, part) object, name, polname, part, translate(text, '{}', '()') as text
  from unwrapped order by object, part, round desc
)
select object, format('%s calls %s() outside of (select …)', part, call[1]) as detail,
  format('wrap the call: alter policy %I on %s %s (… (select %s(…)) …)', polname, name, part, call[1]) as fix
from bare cross join lateral regexp_matches(text, '((?:"[^"]+"|[a-z_][a-z_0-9$]*)(?:\.(?:"[^"]+"|[a-z_][a-z_0-9$]*))?)\((?:[\s,'']|\mtrue\M|\mfalse\M|[0-9.]+)*\)', 'g') call
where exists (select from pg_proc where proname = trim(both '"' from regexp_replace(call[1], '^.*\.', '')) and provolatile <> 'i')
union
select object, format('%s calls current_setting with one argument', part),
  format('give it its second argument: alter policy %I on %s %s (… (select current_setting(name, true)) …)', polname, name, part)
from policy where text ~ '\mcurrent_setting\([^(),]*\)'
