-- finds: bos_app
create role lintbug_bypass nologin bypassrls;
create role lintbug_between nologin noinherit;
grant lintbug_bypass to lintbug_between;
grant lintbug_between to bos_app;
create role lintbug_owner nologin;
create schema lintbug_s authorization lintbug_owner;
grant lintbug_owner, pg_read_all_data to bos_app;
