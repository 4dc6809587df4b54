-- title: catalog differs from the attested one
-- severity: error
-- boot: no
-- why: A server starts only on the catalog that the last migration attested. The full comparison is the attestation
-- itself (one hash over every line of the catalog); this looks at what SQL alone can: that there is one, that it fits
-- its own hash and is not older than the last migration, and that the relations are the attested ones.
-- query_to_xml reads the two tables, since naming them would fail where the kernel is absent or the role has no right
-- on them; then nothing is compared.
with tables as (
  select max(c.oid) filter (where c.relname = 'attestation') as attestation, max(c.oid) filter (where c.relname = 'migrations') as migrations
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'tenancy' and c.relname in ('attestation', 'migrations') and c.relkind = 'r'
), readable as (
  select coalesce(has_table_privilege(attestation, 'SELECT'), false) as attestation, coalesce(has_table_privilege(migrations, 'SELECT'), false) as migrations,
    attestation is not null or migrations is not null as kernel
  from tables
), texts as (
  select kernel, r.attestation as seen,
    (case when r.attestation then query_to_xml('select encode(convert_to(hash || e''\n'' || extract(epoch from attested_at) || e''\n'' || lines, ''UTF8''), ''hex'') as text from tenancy.attestation', false, true, '') end)::text as attestation,
    (case when r.migrations then query_to_xml('select extract(epoch from max(applied_at)) as text from tenancy.migrations', false, true, '') end)::text as migrations
  from readable r
), facts as (
  select kernel, seen, convert_from(decode(substring(attestation from '<text>([0-9a-f]+)</text>'), 'hex'), 'UTF8') as attested,
    substring(migrations from '<text>([0-9.]+)</text>')::numeric as migrated
  from texts
), parts as (
  select kernel, seen, migrated, attested is not null as there, split_part(attested, e'\n', 1) as hash, split_part(attested, e'\n', 2)::numeric as at,
    substr(attested, length(split_part(attested, e'\n', 1)) + length(split_part(attested, e'\n', 2)) + 3) as lines
  from facts
), live as (
  select distinct case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' else 'relation f' end
    -- months of a partitioned table are attested as one, under the name of none
    || format(' %I.%I', n.nspname, case when c.relispartition then regexp_replace(c.relname, '_[0-9]{4}_[0-9]{2}$', '_month') else c.relname end) as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and n.nspname !~ '^pg_(temp|toast_temp)_'
), attested as (
  select substring(line from '^((?:table|partitioned table|view|materialized view|sequence|relation f) .+?) owner ') as name
  from parts, unnest(string_to_array(lines, e'\n')) line where there
)
select 'tenancy.attestation' as object, x.detail, 'look what was changed by hand, put it into a migration or undo it, then run bos migrate' as fix
from parts cross join lateral (values
  (seen and not there, 'is empty: the last migration did not finish'),
  (not seen and kernel and (select attestation is null from tables), 'is missing'),
  (there and at < migrated, 'is older than the last migration'),
  (there and hash <> encode(sha256(convert_to(lines, 'UTF8')), 'hex'), 'does not fit its own hash')) x (wrong, detail)
where x.wrong
union all select l.name, 'is not in the attested catalog', 'put it into a migration or drop it, then run bos migrate'
from live l cross join parts where there and not exists (select from attested a where a.name = l.name)
union all select a.name, 'is attested, but not there', 'restore it, then run bos migrate'
from attested a where a.name is not null and not exists (select from live l where l.name = a.name)
