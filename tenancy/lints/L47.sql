-- title: the seal can be read, forged or skipped
-- severity: error
-- boot: yes
-- why: Whoever reads seal.keys signs for any tenant, and the seal functions are what every policy rests on: their owner
-- cannot log in, their search path is pinned, their text compares the whole MAC and the expiry and returns nowhere
-- else. Yields nothing where the kernel is not installed. The exact texts are in the attestation's hash.
-- bos_migrator may become the owner of the keys, since it installs them; a role with CREATEROLE could make itself a
-- member at any time and is trusted in the weaker mode. Neither may serve requests.
with keys as (
  select c.oid, c.relacl, c.relowner, o.rolname as owner, n.oid as namespace, n.nspacl, n.nspowner
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles o on o.oid = c.relowner
  where n.nspname = 'seal' and c.relname = 'keys'
), expected (name, volatility, returns, parts) as (values
  ('current_tenant', 's', 1, array['length(s) = 121', 'from seal.keys where kid = left(s, 8)', 't := substr(s, 10, 36)::uuid;', 'errcode = ''42501''',
    'if found and encode(sha256(o || sha256(i || convert_to(left(s, 56), ''UTF8''))), ''hex'') = right(s, 64) and extract(epoch from now()) < substr(s, 47, 10)::float8 then']),
  ('sealed_tenant', 's', 1, array['length(s) = 121', 'from seal.keys where kid = left(s, 8)', 'return substr(s, 10, 36)::uuid;', 'errcode = ''42501''',
    'if found and encode(sha256(o || sha256(i || convert_to(left(s, 56), ''UTF8''))), ''hex'') = right(s, 64) and extract(epoch from now()) < substr(s, 47, 10)::float8 then']),
  ('current_principal', 's', 1, array['from seal.keys where kid = left(s, 8)', 'errcode = ''42501''', 'extract(epoch from now()) < p[3]::float8',
    'if found and encode(sha256(o || sha256(i || convert_to(left(s, -65), ''UTF8''))), ''hex'') = right(s, 64) then',
    'p[2] = substr(current_setting(''app.current_tenant_id'', true), 10, 36)']),
  ('writing_tenant', 'v', 2, array['t uuid := tenancy.sealed_tenant();', 'pg_advisory_xact_lock_shared(hashtextextended(t::text, 7411))', 'for share', '''BTFNC''', '''BTMVD''']),
  ('recording_tenant', 'v', 1, array['t uuid := tenancy.sealed_tenant();', 'pg_advisory_xact_lock_shared(hashtextextended(t::text, 7411))', 'for share', '''BTFNC''', '''BTMVD'''])
), functions as (
  select e.*, p.oid, p.proowner, p.prosecdef, p.proconfig, p.provolatile, p.proleakproof, p.proacl, l.lanname,
    regexp_replace(regexp_replace(p.prosrc, '--[^\n]*', '', 'g'), '\s+', ' ', 'g') as body, format('tenancy.%I', e.name) as shown
  from keys cross join expected e left join (pg_proc p join pg_language l on l.oid = p.prolang)
    on p.proname = e.name and p.pronamespace = (select oid from pg_namespace where nspname = 'tenancy')
), logins as (
  select r.oid, r.rolname, r.rolname = any (input.roles) as serves, r.rolcreaterole or r.rolname = 'bos_migrator' as trusted
  from input, pg_roles r where r.rolcanlogin and not r.rolsuper
)
select f.shown as object, x.detail, x.fix from functions f cross join keys cross join lateral (values
  (f.oid is null, 'is missing', 'restore it from the kernel''s first migration'),
  (f.proowner <> keys.relowner, format('is owned by %s, not by the owner of seal.keys', f.proowner::regrole), format('alter function %s() owner to %I', f.shown, keys.owner)),
  (not f.prosecdef, 'is not security definer, so its callers would need the keys', format('alter function %s() security definer', f.shown)),
  (f.lanname <> 'plpgsql' or f.provolatile <> f.volatility, 'has another language or volatility than the kernel gave it: a stable one writes after the fence',
    format('alter function %s() %s', f.shown, case f.volatility when 's' then 'stable' else 'volatile' end)),
  (coalesce(f.proconfig, '{}') <> '{"search_path=pg_catalog, pg_temp"}', 'has another search path or setting than pg_catalog, pg_temp',
    format('alter function %s() reset all; alter function %1$s() set search_path = pg_catalog, pg_temp', f.shown)),
  (f.proleakproof, 'is leakproof, so a user''s qual may run it first', format('alter function %s() not leakproof', f.shown)),
  (exists (select from unnest(f.parts) part where position(part in f.body) = 0) or regexp_count(f.body, '\mreturn\M') <> f.returns or f.body ~* '\mexecute\M',
    'does not have the kernel''s text: the MAC, the expiry or the way out differ', 'restore its text from the kernel''s first migration'),
  (has_function_privilege('public', f.oid, 'EXECUTE'), 'can be executed by public',
    format('revoke execute on function %s() from public', f.shown))
) x (wrong, detail, fix) where x.wrong and (f.oid is not null or x.detail = 'is missing')
union all select f.shown, format('%s may call it; only the owner''s own functions do', r.rolname), format('revoke execute on function %s() from %I', f.shown, r.rolname)
  from functions f join logins r on r.serves
  where f.name in ('sealed_tenant', 'current_principal') and f.oid is not null and has_function_privilege(r.oid, f.oid, 'EXECUTE') and not has_function_privilege('public', f.oid, 'EXECUTE')
    and not pg_has_role(r.oid, f.proowner, 'MEMBER')
union all select format('%I.%I', 'tenancy', p.proname), format('%s may call it; it changes policies and grants', r.rolname), format('revoke execute on function %s from %I', p.oid::regprocedure, r.rolname)
  from keys cross join pg_proc p join pg_namespace n on n.oid = p.pronamespace and n.nspname = 'tenancy' join logins r on r.serves
  where p.proname in ('guard', 'protect') and has_function_privilege(r.oid, p.oid, 'EXECUTE') and not pg_has_role(r.oid, p.proowner, 'MEMBER')
union all select 'seal.keys', format('its owner %s can log in or is above row security', keys.owner), format('alter role %I nologin nosuperuser nobypassrls nocreaterole noreplication', keys.owner)
  from keys join pg_roles o on o.oid = keys.relowner where o.rolcanlogin or o.rolsuper or o.rolbypassrls or o.rolcreaterole or o.rolreplication
union all select 'seal.keys', format('%s has rights on it', case a.grantee when 0 then 'public' else a.grantee::regrole::text end),
    format('revoke all on seal.keys from %s', case a.grantee when 0 then 'public' else a.grantee::regrole::text end)
  from keys cross join lateral (select grantee from aclexplode(keys.relacl)
    union select x.grantee from pg_attribute t cross join aclexplode(t.attacl) x where t.attrelid = keys.oid) a where a.grantee <> keys.relowner
union all select 'schema seal', format('%s has rights on it', case a.grantee when 0 then 'public' else a.grantee::regrole::text end),
    format('revoke all on schema seal from %s', case a.grantee when 0 then 'public' else a.grantee::regrole::text end)
  from keys cross join lateral (select distinct grantee from aclexplode(keys.nspacl)) a where a.grantee <> keys.nspowner
union all select 'schema seal', format('is owned by %s, not by the owner of seal.keys', nspowner::regrole), format('alter schema seal owner to %I', owner)
  from keys where nspowner <> relowner
union all select 'seal.keys', format('%s can log in and is a member of %s', r.rolname, keys.owner), format('revoke %I from %I', keys.owner, r.rolname)
  from keys cross join logins r where r.oid <> keys.relowner and pg_has_role(r.oid, keys.relowner, 'MEMBER') and (r.serves or not r.trusted)
union all select 'seal.keys', format('%s can log in and reads every table by pg_read_all_data', r.rolname), format('revoke pg_read_all_data from %I', r.rolname)
  from keys cross join logins r where pg_has_role(r.oid, 'pg_read_all_data', 'MEMBER') and (r.serves or not r.trusted)
