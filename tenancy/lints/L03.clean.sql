create schema lintbug_s;
create table lintbug_s.secrets (tenant_id uuid not null, id uuid, body text, primary key (tenant_id, id));
create table lintbug_s.plans (id text, since date) partition by range (since);
create table lintbug_s.plans_2025 partition of lintbug_s.plans for values from ('2025-01-01') to ('2026-01-01');
insert into tenancy.exempt (relation, reason) values ('lintbug_s.plans', 'the price list, the same for all');
create view lintbug_s.numbers as select 1 as n;
create temp table lintbug_scratch (id int);
