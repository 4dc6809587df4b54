-- finds: lintbug_app
create role lintbug_app login bypassrls createdb;
