create schema lintbug_s;
create table lintbug_s.forced (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
alter table lintbug_s.forced enable row level security, force row level security;
