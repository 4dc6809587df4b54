create schema lintbug_s;
create table lintbug_s.rows (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
create view lintbug_s.inner with (security_invoker = on) as select id from lintbug_s.rows;
create view lintbug_s.outer with (security_invoker) as select id from lintbug_s.inner;
create view lintbug_s.versions as select rolname from pg_roles;
