-- Directory (global, no personal data) and control (regional: names and config of tenants). Neither is readable by
-- bos_app: the tenants table itself would tell one tenant of the others.
create schema directory authorization bos_owner;
create schema control authorization bos_owner;
set local role bos_owner;
grant usage on schema directory, control to bos_control;

create table directory.clusters (
  cluster_id uuid primary key,
  name text not null unique check (name ~ '^[a-z][a-z0-9-]{0,31}$'),
  region text not null check (region ~ '^[a-z][a-z0-9-]{0,31}$'),
  kind text not null default 'shared' check (kind in ('shared', 'shard', 'dedicated', 'citus')),
  state text not null default 'active' check (state in ('joining', 'active', 'draining', 'retired')),
  created_at timestamptz(3) not null default now()
);
create table directory.placements (
  tenant_id uuid primary key,
  slug text not null unique check (slug ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' and length(slug) between 3 and 40),
  region text not null,
  cluster_id uuid not null references directory.clusters (cluster_id) on delete restrict,
  epoch bigint not null default 1
);
create index on directory.placements (cluster_id);

create table control.tenants (
  tenant_id uuid primary key,
  slug text not null unique,
  name text not null check (length(name) between 1 and 100),
  region text not null,
  plan text not null check (plan in ('free', 'pro', 'enterprise')),
  config jsonb not null default '{}',
  created_at timestamptz(3) not null default now()
);
create index on control.tenants (created_at, tenant_id);
create table control.onboardings (
  key text primary key check (length(key) between 1 and 128),
  request_hash text not null,
  tenant_id uuid not null unique,
  request jsonb,
  started_at timestamptz not null default now(),
  done_at timestamptz,
  check (done_at is null or request is null)
);
comment on column control.onboardings.request is 'What to finish after a crash; cleared when done, since it names a person.';
create index on control.onboardings (started_at) where done_at is null;

insert into tenancy.exempt (relation, reason) values
  ('directory.clusters', 'one row a cluster; the control role only'),
  ('directory.placements', 'where each tenant is; the control role only'),
  ('control.tenants', 'the list of tenants itself; the control role only'),
  ('control.onboardings', 'onboarding runs before a tenant is open; the control role only');
grant select, insert on directory.clusters to bos_control;
grant select, insert on directory.placements to bos_control;
grant select, insert, update (name, plan, config) on control.tenants to bos_control;
grant select, insert, update (request, done_at) on control.onboardings to bos_control;
