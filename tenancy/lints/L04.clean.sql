create schema lintbug_s;
create table lintbug_s.right (tenant_id uuid not null, id uuid, note text, primary key (tenant_id, id));
