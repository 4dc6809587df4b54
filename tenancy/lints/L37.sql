-- title: setting that shows or loses data
-- severity: warning
-- boot: no
-- why: Seals and tenants' values travel as bind parameters only, and the server logs them unless told not to
-- (measured). With fsync or full_page_writes off a crash loses or breaks acknowledged writes, without checksums nobody
-- learns of a broken page, without ssl every value passes the network in clear.
-- Timeouts: the kernel's clients set theirs when they connect, which no catalog shows; a missing one is a finding
-- where the kernel is not installed and neither the server, the database, the role nor this session has one.
-- Each finding is named by its setting, so that a throw-away server can be excepted by name (fsync).
select s.name as object, format('is %s: %s', current_setting(s.name, true), s.why) as detail, s.fix
from (values
  ('fsync', '^off$', 'a crash of the machine destroys the database', 'alter system set fsync = on; select pg_reload_conf()'),
  ('full_page_writes', '^off$', 'a crash can leave half-written pages', 'alter system set full_page_writes = on; select pg_reload_conf()'),
  ('synchronous_commit', '^off$', 'a crash loses writes that were acknowledged', 'alter system set synchronous_commit = on; select pg_reload_conf()'),
  ('data_checksums', '^off$', 'a broken page is read as data', 'stop the server, run pg_checksums --enable on its data directory, start it'),
  ('zero_damaged_pages', '^on$', 'a broken page is read as an empty one', 'alter system reset zero_damaged_pages; select pg_reload_conf()'),
  ('ignore_checksum_failure', '^on$', 'a broken page is read as data', 'alter system reset ignore_checksum_failure; select pg_reload_conf()'),
  ('log_parameter_max_length', '^(?!0B?$)', 'bound values, seals among them, go to the log with each logged statement', 'alter system set log_parameter_max_length = 0; select pg_reload_conf()'),
  ('log_parameter_max_length_on_error', '^(?!0B?$)', 'bound values, seals among them, go to the log with each error', 'alter system set log_parameter_max_length_on_error = 0; select pg_reload_conf()'),
  ('password_encryption', '^(md5|on|off)$', 'passwords are stored as md5 hashes, which are as good as the password', 'alter system set password_encryption = ''scram-sha-256''; select pg_reload_conf() -- then set every password again')
) s (name, bad, why, fix) where current_setting(s.name, true) ~ s.bad
union all select l.name, format('is %s while parameters are logged: bound values, seals among them, are in the log now', current_setting(l.name)),
  format('alter system set %s = %s; select pg_reload_conf()', l.name, l.off)
from (values ('log_statement', '^(mod|all)$', 'none'), ('log_min_duration_statement', '^(?!-1$)', '-1'),
    ('log_min_duration_sample', '^(?!-1$)', '-1')) l (name, bad, off)
where current_setting(l.name) ~ l.bad and current_setting('log_parameter_max_length') !~ '^0B?$'
union all select 'auto_explain.log_parameter_max_length', format('is %s while auto_explain logs plans: bound values, seals among them, go to the log',
    coalesce(current_setting('auto_explain.log_parameter_max_length', true), 'not set')),
  'alter system set auto_explain.log_parameter_max_length = 0; select pg_reload_conf()'
where coalesce(current_setting('auto_explain.log_min_duration', true), '-1') <> '-1'
  and coalesce(current_setting('auto_explain.log_parameter_max_length', true), '-1') !~ '^0B?$'
union all select 'ssl', format('is off while the server listens on %s: values and passwords pass the network in clear', current_setting('listen_addresses', true)),
  'install a certificate; alter system set ssl = on; select pg_reload_conf()'
where current_setting('ssl', true) = 'off' and exists (
  select from unnest(string_to_array(current_setting('listen_addresses', true), ',')) a
  where btrim(a) not in ('', 'localhost', '::1') and btrim(a) !~ '^127\.')
union all select t.name, format('is not set for %s: a statement or an open transaction holds its locks for ever', r.rolname),
  format('alter role %I set %s = %L', r.rolname, t.name, t.value)
from input, pg_roles r, (values ('statement_timeout', '15s'), ('idle_in_transaction_session_timeout', '10s')) t (name, value)
where r.rolname = any (input.roles) and current_setting(t.name) = '0'
  and not exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'tenancy' and c.relname = 'attestation')
  and not exists (select from pg_db_role_setting d, unnest(d.setconfig) c where d.setrole in (0, r.oid)
    and d.setdatabase in (0, (select oid from pg_database where datname = current_database())) and c ~ ('^' || t.name || '=(?!0)'))
