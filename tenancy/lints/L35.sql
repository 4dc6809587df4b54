-- title: server below the version floor
-- severity: warning
-- boot: no
-- why: Below 15.20 / 16.16 / 17.12 / 18.6 user quals can run before a policy's (CVE-2026-116327), `on conflict … where`
-- shows another tenant's row (CVE-2026-120154), and DROP OWNED strips policies of a named role (CVE-2026-116311).
-- `bos.lint_server_version` stands in for server_version_num where it is set: a version cannot be planted otherwise.
select format('PostgreSQL %s.%s', v.major, v.minor) as object,
  case when f.minor is null then 'this major version gets no fixes that this product relies on; 15 to 18 are supported'
    else format('below %s.%s: CVE-2026-116327 (row security: user quals may run first), CVE-2026-120154 (on conflict shows another tenant''s row), CVE-2026-116311 (drop owned strips policies)', v.major, f.minor) end as detail,
  format('install PostgreSQL %s.%s or newer and restart the server', case when f.minor is null then 18 else v.major end, coalesce(f.minor, 6)) as fix
from (select n / 10000 as major, n % 10000 as minor from (
    select coalesce(nullif(current_setting('bos.lint_server_version', true), ''), current_setting('server_version_num'))::int as n) s) v
  left join (values (15, 20), (16, 16), (17, 12), (18, 6)) f (major, minor) on f.major = v.major
where v.minor < f.minor or v.major < 15
