-- finds: lintbug_s.nullable
-- finds: lintbug_s.texty
create schema lintbug_s;
create table lintbug_s.nullable (tenant_id uuid, id uuid);
create table lintbug_s.texty (tenant_id text not null, id uuid, primary key (tenant_id, id));
