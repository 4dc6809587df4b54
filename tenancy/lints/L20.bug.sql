-- finds: lintbug_s.counts
-- finds: lintbug_s.elsewhere
create schema lintbug_s;
create table lintbug_s.rows (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
create materialized view lintbug_s.counts as select tenant_id, count(*) as n from lintbug_s.rows group by 1;
grant select (n) on lintbug_s.counts to bos_app;
create foreign data wrapper lintbug_wrapper;
create server lintbug_server foreign data wrapper lintbug_wrapper;
create foreign table lintbug_s.elsewhere (tenant_id uuid, id uuid) server lintbug_server;
grant insert on lintbug_s.elsewhere to public;
