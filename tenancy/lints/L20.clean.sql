create schema lintbug_s;
create table lintbug_s.rows (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
create materialized view lintbug_s.counts as select tenant_id, count(*) as n from lintbug_s.rows group by 1;
grant select on lintbug_s.counts to bos_control;
create materialized view lintbug_s.prices as select 1 as price;
grant select on lintbug_s.prices to bos_app;
insert into tenancy.exempt (relation, reason) values ('lintbug_s.prices', 'the price list, the same for all');
