-- finds: lintbug_s.slow
create schema lintbug_s;
create table lintbug_s.slow (tenant_id uuid not null, id uuid, hidden bool not null, primary key (id, tenant_id));
create index on lintbug_s.slow (tenant_id) where not hidden;
create index on lintbug_s.slow using brin (tenant_id);
