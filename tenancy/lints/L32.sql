-- title: publication of more than one tenant
-- severity: warning
-- boot: no
-- why: Replication reads below row security: a subscriber gets what the publication's own row filter lets through, and
-- no filter binds TRUNCATE (measured: a truncate on the source emptied the other tenant's rows on the target).
with tenant_tables as (
  select c.oid, c.relnamespace, format('%I.%I', n.nspname, c.relname) as name
  from input, pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id' and not t.attisdropped
  where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
    and n.nspname || '.' || c.relname <> all (input.exempt)
)
select format('publication %I', p.pubname) as object, 'publishes every table with the rows of all tenants' as detail,
  format('drop publication %I', p.pubname) as fix from pg_publication p where p.puballtables
union all select format('publication %I', p.pubname), format('publishes all of schema %s with the rows of all tenants', s.pnnspid::regnamespace),
  format('alter publication %I drop tables in schema %s', p.pubname, s.pnnspid::regnamespace)
  from pg_publication p join pg_publication_namespace s on s.pnpubid = p.oid
  where exists (select from tenant_tables t where t.relnamespace = s.pnnspid)
union all select format('publication %I', p.pubname), format('publishes %s without a row filter on tenant_id', t.name),
  format('alter publication %I drop table %s', p.pubname, t.name)
  from pg_publication p join pg_publication_rel r on r.prpubid = p.oid join tenant_tables t on t.oid = r.prrelid
  where coalesce(pg_get_expr(r.prqual, r.prrelid), '') !~ '\mtenant_id = '
union all select format('publication %I', p.pubname), format('publishes truncate of %s, which no row filter binds', string_agg(t.name, ', ' order by t.name)),
  format('alter publication %I set (publish = %L)', p.pubname, concat_ws(', ', case when p.pubinsert then 'insert' end,
    case when p.pubupdate then 'update' end, case when p.pubdelete then 'delete' end))
  from pg_publication p join pg_publication_rel r on r.prpubid = p.oid join tenant_tables t on t.oid = r.prrelid
  where p.pubtruncate group by p.oid
