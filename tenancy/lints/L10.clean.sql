create schema lintbug_s;
create table lintbug_s.people (tenant_id uuid not null, id uuid, email text, seat int4range, primary key (tenant_id, id), unique (tenant_id, email));
create unique index on lintbug_s.people (tenant_id, lower(email)) where email <> '';
create index on lintbug_s.people (email);
create table lintbug_s.parts (tenant_id uuid not null, id uuid, primary key (tenant_id, id)) partition by hash (tenant_id);
create table lintbug_s.part partition of lintbug_s.parts for values with (modulus 1, remainder 0);
