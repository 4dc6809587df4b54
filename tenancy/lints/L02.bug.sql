-- finds: lintbug_s.unforced
create schema lintbug_s;
create table lintbug_s.unforced (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
alter table lintbug_s.unforced enable row level security;
