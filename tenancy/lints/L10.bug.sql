-- finds: lintbug_s.people people_pkey
-- finds: lintbug_s.people people_email_key
-- finds: lintbug_s.people people_name_excl
-- finds: lintbug_s.people people_lower_idx
-- finds: lintbug_s.people people_name_tenant_id_idx
create schema lintbug_s;
create table lintbug_s.people (tenant_id uuid not null, id uuid primary key, email text unique, name text,
  exclude using hash (name with =));
create unique index on lintbug_s.people (lower(email)) where email <> '';
-- tenant_id is only carried along
create unique index on lintbug_s.people (name) include (tenant_id);
