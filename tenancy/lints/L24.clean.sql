create role lintbug_owner nologin;
create role lintbug_reports nologin;
alter default privileges for role lintbug_owner revoke execute on functions from public;
alter default privileges for role lintbug_owner grant select on tables to lintbug_reports;
create role lintbug_other nologin;
alter default privileges for role lintbug_other grant execute on functions to lintbug_reports;
