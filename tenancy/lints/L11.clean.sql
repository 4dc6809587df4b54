create schema lintbug_s;
create table lintbug_s.quick (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
create table lintbug_s.parts (tenant_id uuid not null, id uuid) partition by hash (tenant_id);
create table lintbug_s.part partition of lintbug_s.parts for values with (modulus 1, remainder 0);
create index on lintbug_s.parts (tenant_id, id);
