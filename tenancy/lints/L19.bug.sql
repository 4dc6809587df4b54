-- finds: lintbug_s.seen
-- finds: lintbug_s."outer"
create schema lintbug_s;
create table lintbug_s.rows (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
create view lintbug_s.seen as select id from lintbug_s.rows;
create view lintbug_s.inner with (security_invoker) as select id from lintbug_s.rows;
create view lintbug_s.outer with (security_invoker = off) as select i.id from lintbug_s.inner i;
