-- finds: default privileges of lintbug_owner
-- finds: default privileges of lintbug_owner in schema lintbug_s
create role lintbug_owner nologin;
create schema lintbug_s authorization lintbug_owner;
alter default privileges for role lintbug_owner in schema lintbug_s grant select on tables to bos_app;
alter default privileges for role lintbug_owner grant all on tables to public;
