create schema lintbug_s;
grant usage on schema lintbug_s to public;
