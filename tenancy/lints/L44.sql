-- title: login role without a connection limit
-- severity: info
-- boot: no
-- why: One program that leaks connections takes the slots of all, of the migrator and of the operator who would stop
-- it. A limit of a role is checked by the server, whatever the pools in front of it believe.
select format('role %I', r.rolname) as object,
  case when r.rolconnlimit < 0 then format('may open all %s connections of the server', m.slots)
    else format('may open %s connections, the server has %s', r.rolconnlimit, m.slots) end
    || case when r.rolname = any (input.roles) then '; it serves requests' else '' end as detail,
  format('alter role %I connection limit %s', r.rolname, case when r.rolname = any (input.roles) then greatest(m.slots / 2, 1) else least(10, m.slots) end) as fix
from input, pg_roles r, (select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as slots) m
where r.rolcanlogin and not r.rolsuper and (r.rolconnlimit < 0 or r.rolconnlimit > m.slots)
  and has_database_privilege(r.oid, (select oid from pg_database where datname = current_database()), 'CONNECT')
