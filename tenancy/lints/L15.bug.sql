-- finds: table lintbug_s.mine
-- finds: function lintbug_s.mine(integer)
-- finds: schema lintbug_owned
create schema lintbug_s;
create table lintbug_s.mine (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
alter table lintbug_s.mine owner to bos_app;
create function lintbug_s.mine(int) returns int language sql as 'select 1';
alter function lintbug_s.mine owner to bos_app;
create schema lintbug_owned authorization bos_app;
