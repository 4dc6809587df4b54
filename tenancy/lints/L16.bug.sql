-- finds: schema lintbug_s
create schema lintbug_s;
grant create on schema lintbug_s to public;
