create schema lintbug_s;
create table lintbug_s.normal (tenant_id uuid not null, id uuid, name text, primary key (tenant_id, id));
grant select, insert, delete, update (name) on lintbug_s.normal to bos_app;
create table lintbug_s.theirs (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
grant all on lintbug_s.theirs to bos_migrator;
