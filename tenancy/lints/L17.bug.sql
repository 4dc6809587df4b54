-- finds: lintbug_s.emptied
-- finds: lintbug_s.referred
create schema lintbug_s;
create table lintbug_s.emptied (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
grant all on lintbug_s.emptied to bos_app;
create table lintbug_s.referred (tenant_id uuid not null, id uuid, primary key (tenant_id, id));
grant references (id) on lintbug_s.referred to public;
insert into tenancy.exempt (relation, reason) values ('lintbug_s.referred', 'grants are looked at all the same');
