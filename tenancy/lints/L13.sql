-- title: serving role is too strong
-- severity: error
-- boot: yes
-- why: A superuser or a role with BYPASSRLS is under no policy; CREATEROLE and REPLICATION lead there (a replication
--   connection reads every table), CREATEDB copies the database.
select i.name as object,
  coalesce('has ' || nullif(concat_ws(', ', case when rolsuper then 'SUPERUSER' end, case when rolbypassrls then 'BYPASSRLS' end,
    case when rolcreaterole then 'CREATEROLE' end, case when rolcreatedb then 'CREATEDB' end, case when rolreplication then 'REPLICATION' end), ''),
    'no such role: nothing was checked for it') as detail,
  case when r.oid is null then 'create the role, or name the roles that serve requests'
    else format('alter role %I nosuperuser nobypassrls nocreaterole nocreatedb noreplication;', i.name) end as fix
from unnest((select roles from input)) i(name) left join pg_roles r on r.rolname = i.name
where r.oid is null or rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication
