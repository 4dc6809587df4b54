-- title: extension that reaches out of the database, or is behind its files
-- severity: warning
-- boot: no
-- why: dblink, foreign data wrappers, file and network access and the untrusted languages open ways past row security;
-- pageinspect and its like show raw pages of every tenant. An extension older than its installed files lacks their
-- fixes, and one without files fails at its next use and at an upgrade.
select format('extension %I', e.extname) as object,
  case when v.name is null then format('version %s has no files on this server', e.extversion)
    else format('is at %s, the installed files are %s', e.extversion, v.default_version) end as detail,
  case when v.name is null then format('install the package of %s again, or drop extension %I', e.extname, e.extname)
    else format('alter extension %I update', e.extname) end as fix
from pg_extension e left join pg_available_extensions v on v.name = e.extname
where v.default_version is distinct from e.extversion
union all select format('extension %I', e.extname), r.why, format('drop extension %I', e.extname)
from pg_extension e join (values
  ('^(dblink|postgres_fdw|mysql_fdw|oracle_fdw|tds_fdw|mongo_fdw|redis_fdw|multicorn|wrappers)$', 'opens connections to other databases from inside a statement'),
  ('^(http|pg_net|pgsql-http|aws_s3|aws_lambda|azure_storage|plsh)$', 'sends data over the network from inside a statement'),
  ('^(file_fdw|adminpack|lo)$', 'reaches files or large objects, which have no row security'),
  ('^(plperlu|plpython[23]?u|pltclu|pljavau|plr|plluau)$', 'is a language that runs as the server''s own user'),
  ('^(pageinspect|pg_surgery|pg_walinspect|pg_dirtyread)$', 'shows raw pages or log records of all tenants')
) r (names, why) on e.extname ~ r.names
