/** The query that must never be: a text joined into a statement. */
const inject = (table: string, fragment: string): string => `select name from ${table} where name = '${fragment}'`;

/** What an attacker splices into it, each to reach or harm tenant `victim`. `table` has tenant_id and name. */
const fragments = (victim: string, table: string): Record<string, string> => ({
  tautology: "' or true --",
  union: `' union select name from ${table} --`,
  'set_config in the same select': `' or (select set_config('app.current_tenant_id', '${victim}', true)) is not null --`,
  'set_config before the scan': `' union all select name from ${table}, (select set_config('app.current_tenant_id', '${victim}', true)) s --`,
  'set_config for the session': `' or set_config('app.current_tenant_id', '${victim}', false) = '' --`,
  'own seal kept for the session':
    "' or set_config('app.current_tenant_id', current_setting('app.current_tenant_id'), false) = '' --",
  'stacked statements': `'; update ${table} set name = 'pwned'; --`,
  'stacked set': `'; set app.current_tenant_id = '${victim}'; select name from ${table} --`,
  'do block': "'; do $$ begin execute 'reset all'; end $$; --",
  'stacked begin': "'; begin; --",
  'stacked deallocate': "'; deallocate all; --",
  'query_to_xml with set': `' union select query_to_xml('set app.current_tenant_id = ''${victim}''', true, true, '')::text --`,
  'query_to_xml with do': `' union select query_to_xml('do $x$ begin end $x$', true, true, '')::text --`,
  'query_to_xml with select': `' union select query_to_xml('select * from ${table}', true, true, '')::text --`,
  schema_to_xml: "' union select schema_to_xml('crm', true, true, '')::text --",
  database_to_xml: "' union select database_to_xml(true, true, '')::text --",
  'update of pg_settings': `' union select setting from pg_settings where name = set_config('app.current_tenant_id', '${victim}', false) --`,
  'timeouts and read only':
    "' or set_config('statement_timeout', '1', false) || set_config('default_transaction_read_only', 'on', false) = '' --",
  encodings:
    "' or set_config('client_encoding', 'latin1', false) || set_config('standard_conforming_strings', 'off', false) = '' --",
  search_path: "' or set_config('search_path', 'pg_temp, public', false) = '' --",
  'row_security off': "' or set_config('row_security', 'off', false) = '' --",
  role: "' or set_config('role', 'bos_owner', false) = '' --",
  'advisory lock': "' or pg_advisory_lock(1)::text is not null --",
  notify: "' or pg_notify('x', 'y')::text is not null --",
  terminate: "' or pg_terminate_backend(pg_backend_pid())::text = 't' --",
  'large object': "' or lo_create(0)::text <> '' --",
  'read a file': "' or pg_read_file('/etc/passwd') <> '' --",
  'the tenants': "' union select slug from control.tenants --",
  'the seal keys': "' union select encode(ipad, 'hex') from seal.keys --",
  'the persons': "' union select email from identity.persons --",
  'the verifying function': "' union select prosrc from pg_proc where proname = 'current_tenant' --",
  'an error that tells': `' or (select name::int from ${table} where tenant_id = '${victim}') = 1 --`,
  'division by zero': `' or 1 / (select count(*) from ${table} where tenant_id = '${victim}')::int = 1 --`,
  'set_config of a forged seal': `' or (select set_config('app.current_tenant_id', regexp_replace(current_setting('app.current_tenant_id'), '[0-9a-f-]{36}', '${victim}'), true)) is not null --`,
  'set_config in a materialized cte': `' union (with s as materialized (select set_config('app.current_tenant_id', '${victim}', true) v) select name from ${table}, s where v is not null) --`,
  'set_config in a lateral': `' union select t.name from (select set_config('app.current_tenant_id', '${victim}', true) v) s, lateral (select name from ${table} where v <> '') t --`,
  'select as set, stacked': `'; select set_config('app.current_tenant_id', '${victim}', false); select name from ${table} --`,
  'do block that sets': `'; do $$ begin perform set_config('app.current_tenant_id', '${victim}', false); end $$; select name from ${table} --`,
  'temporary function with a set clause': `'; create function pg_temp.f() returns setof text language sql set app.current_tenant_id = '${victim}' as 'select name from ${table}'; select pg_temp.f() --`,
  'temporary function that sets': `'; create function pg_temp.f() returns setof text language sql as 'select set_config(''app.current_tenant_id'', ''${victim}'', false); select name from ${table}'; select pg_temp.f() --`,
  'temporary copy of the table': `'; create temp table loot as select * from ${table}; select name from loot --`,
  'select into': `'; select name into loot from ${table} --`,
  'prepared and executed': `'; prepare p as select name from ${table}; set app.current_tenant_id = '${victim}'; execute p --`,
  'held cursor': `'; declare c cursor with hold for select name from ${table}; fetch all from c --`,
  cursor_to_xml: "' union select cursor_to_xml('c', 9, true, true, '')::text --",
  'savepoint games': `'; savepoint s; set local app.current_tenant_id = '${victim}'; select name from ${table}; rollback to s; select name from ${table} --`,
  'commit, then without a scope': `'; commit; select name from ${table} --`,
  'commit, then a kept setting': `' or set_config('app.current_tenant_id', '${victim}', false) = ''; commit; select name from ${table} --`,
  'discard all': `'; commit; discard all; select name from ${table} --`,
  listen: "'; listen placements; select pg_notify('placements', 'x'); --",
  'set role': "'; set role bos_owner; --",
  'reset session authorization': "'; reset session authorization; --",
  'copy to a program': `'; copy ${table} to program 'cat'; --`,
  'copy to the client': `'; copy ${table} to stdout; --`,
  'lock the table': `'; commit; lock table ${table}; --`,
  'alter the policy': `'; alter table ${table} disable row level security; select name from ${table} --`,
  dblink: `' union select n from dblink('dbname=postgres', 'select 1') as d (n text) --`,
  ts_stat: `' union select word from ts_stat('select to_tsvector(name) from ${table}') --`,
  'ts_stat with a utility': "' union select word from ts_stat('deallocate all') --",
  ts_rewrite: `' union select ts_rewrite('a'::tsquery, 'select ''a''::tsquery, plainto_tsquery(name) from ${table}')::text --`,
  'query_to_xml with set_config': `' union select query_to_xml('select set_config(''app.current_tenant_id'', ''${victim}'', true)', true, true, '')::text union select query_to_xml('select name from ${table}', true, true, '')::text --`,
  'every readable relation': `' union select query_to_xml(format('select * from %s', oid::regclass), true, true, '')::text from pg_class where relkind in ('r', 'v', 'm', 'p') and relnamespace::regnamespace::text !~ '^pg_' and has_table_privilege(oid, 'select') --`,
  'every session': "' union select query from pg_stat_activity --",
  'every statistic': "' union select most_common_vals::text || histogram_bounds::text from pg_stats --",
  'every prepared statement': "' union select statement from pg_prepared_statements --",
  'a row by its place': `' union select name from ${table} where ctid = any (array(select format('(0,%s)', n)::tid from generate_series(1, 99) n)) --`,
  'a sample': `' union select name from ${table} tablesample system (100) --`,
  'a locking read': `' union select * from (select name from ${table} for update) x --`,
  'nested comment': "' or /* /* */ true or /* */ */ true --",
});

/** Whole statements, as a tool that runs its caller's SQL would send them. */
const whole = (victim: string, table: string): Record<string, string> => ({
  'delete everything of the victim': `delete from ${table} where tenant_id = '${victim}' returning name`,
  'delete behind set_config': `with s as materialized (select set_config('app.current_tenant_id', '${victim}', true) v), d as (delete from ${table} where (select v from s) is not null and tenant_id = '${victim}' returning name) select name from d`,
  'update behind set_config': `with s as materialized (select set_config('app.current_tenant_id', '${victim}', true) v), u as (update ${table} set name = 'pwned' where (select v from s) is not null and tenant_id = '${victim}' returning name) select name from u`,
  'insert behind set_config': `with i as (insert into ${table} (tenant_id, name) select '${victim}', 'planted' from (select set_config('app.current_tenant_id', '${victim}', true) v offset 0) s where v <> '' returning name) select name from i`,
  'insert for the victim': `insert into ${table} (tenant_id, name) values ('${victim}', 'planted')`,
  'insert by a row that sets': `insert into ${table} (tenant_id, name) values (case when set_config('app.current_tenant_id', '${victim}', true) <> '' then '${victim}'::uuid end, 'planted')`,
  'move a row to the victim': `update ${table} set tenant_id = '${victim}'`,
  'merge into the victim': `merge into ${table} t using (select set_config('app.current_tenant_id', '${victim}', true) v) s on t.tenant_id = '${victim}' and v <> '' when matched then update set name = 'pwned' when not matched then insert (tenant_id, name) values ('${victim}', 'planted')`,
  'a table command': `table ${table}`,
  'values that set': `values (set_config('app.current_tenant_id', '${victim}', false), (select max(name) from ${table}))`,
  'a recursive query': `with recursive r as (select name, set_config('app.current_tenant_id', '${victim}', true) v, 1 n from ${table} union all select t.name, r.v, n + 1 from r, ${table} t where n < 2) select name from r`,
  'an order by that sets': `select name from ${table} order by set_config('app.current_tenant_id', '${victim}', true), name`,
  'an aggregate of everything': `select count(*), max(name), min(tenant_id::text) from ${table} having set_config('app.current_tenant_id', '${victim}', true) <> ''`,
});

/** Every hostile text: each fragment spliced into the query, and the whole statements. */
export function hostileTexts(victim: string, table: string): [what: string, text: string][] {
  const spliced = Object.entries(fragments(victim, table)).map(([what, fragment]): [string, string] => [
    what,
    inject(table, fragment),
  ]);
  return [...spliced, ...Object.entries(whole(victim, table))];
}
