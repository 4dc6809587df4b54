create role lintbug_owner nologin;
create schema lintbug_s authorization lintbug_owner;
create table lintbug_s.theirs (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
alter table lintbug_s.theirs owner to lintbug_owner;
grant select on lintbug_s.theirs to bos_app;
