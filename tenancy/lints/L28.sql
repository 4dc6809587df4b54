-- title: timestamp without time zone
-- severity: warning
-- boot: no
-- why: It names no moment: now() is stored as the clock of whichever TimeZone the session had, so two servers, an
-- export and its import, or the two ends of a move disagree by hours without an error.
select format('%I.%I.%I', n.nspname, c.relname, a.attname) as object,
  format('%s holds no time zone', format_type(a.atttypid, a.atttypmod)) as detail,
  case when a.attgenerated <> '' then format('drop the generated column %I and add it again as timestamptz', a.attname)
    when b.typtype = 'd' then format('make the domain %s again over timestamptz and change the column to it', b.oid::regtype)
    else format(case when b.typelem <> 0 then 'set local timezone = ''UTC''; alter table %I.%I alter column %I type %s using %3$I::%4$s'
      else 'alter table %I.%I alter column %I type %s using %3$I at time zone ''UTC''' end,
      n.nspname, c.relname, a.attname, replace(format_type(a.atttypid, a.atttypmod), 'without', 'with')) end as fix
from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attinhcount = 0
  join pg_type b on b.oid = a.atttypid
where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  and 'timestamp'::regtype in (b.oid, b.typelem, b.typbasetype)
