-- title: pg_hba lets in without a proof, or with md5
-- severity: warning
-- boot: no
-- why: `trust` and `ident` believe what the other side says, `password` without ssl sends it in clear, an md5 hash is as
-- good as the password. Trust on loopback or the socket hands the server to each process of the machine; that is its
-- owner's choice, made in every throw-away server, and is not reported.
-- Only superusers read pg_hba_file_rules, and naming the view in this text would be refused to all others before it
-- began; so query_to_xml reads it, where it may, as hex of JSON, and without the right there is no finding. The name
-- is left unqualified on purpose: a view of that name in front in the search path stands in for it in the test.
select format('pg_hba%s line %s', case when h.file_name is not null then ' ' || h.file_name else '' end, h.line_number) as object,
  case when h.error is not null then format('is not read by the server: %s', h.error)
    else format('%s %s for %s on %s from %s', h.type, h.auth_method, array_to_string(h.user_name, ','), array_to_string(h.database, ','), coalesce(h.address, 'the socket')) end as detail,
  case when h.error is not null then 'correct the line; select pg_reload_conf()'
    else format('put scram-sha-256 in the place of %s (and set passwords stored as md5 again); select pg_reload_conf()', h.auth_method) end as fix
from jsonb_to_recordset(convert_from(decode(coalesce(substring((
    case when has_table_privilege('pg_hba_file_rules', 'select') and has_function_privilege('pg_catalog.pg_hba_file_rules()', 'execute')
      then query_to_xml('select encode(convert_to(coalesce(jsonb_agg(to_jsonb(r)), ''[]'')::text, ''UTF8''), ''hex'') as rules from pg_hba_file_rules r', false, true, '')
    end)::text from '<rules>([0-9a-f]+)</rules>'), '5b5d'), 'hex'), 'UTF8')::jsonb)
  as h (file_name text, line_number int, type text, database text[], user_name text[], address text, auth_method text, error text)
where h.error is not null or h.auth_method = 'md5' or h.auth_method in ('trust', 'ident', 'password') and h.type <> 'local'
  and (h.auth_method <> 'password' or h.type <> 'hostssl') and h.address not in ('::1', 'localhost', 'samehost') and h.address !~ '^127\.'
