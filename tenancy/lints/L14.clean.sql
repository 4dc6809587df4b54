create role lintbug_readers nologin;
create schema lintbug_s;
grant usage on schema lintbug_s to lintbug_readers;
grant lintbug_readers to bos_app;
