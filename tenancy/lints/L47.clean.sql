-- Reading the tenant needs the functions, never the keys.
create role lintbug_helper login;
grant usage on schema tenancy to lintbug_helper;
grant execute on function tenancy.current_tenant(), tenancy.writing_tenant() to lintbug_helper;
