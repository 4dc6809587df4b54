-- People. Persons are global and reachable by bos_identity only; a membership is the person in one tenant, with a copy
-- of name and e-mail, so that a tenant lists its members without any unscoped door.
create schema identity authorization bos_owner;
create schema audit authorization bos_audit;
set local role bos_owner;
grant usage on schema tenancy, identity to bos_identity;
grant usage on schema identity to bos_app;
grant select on tenancy.attestation, tenancy.exempt to bos_identity;
grant execute on function tenancy.claimed_tenant() to bos_identity;

create table identity.persons (
  id uuid primary key,
  email text not null unique check (email = lower(email) and length(email) <= 254),
  name text not null check (length(name) between 1 and 100),
  created_at timestamptz not null default now()
);
create table identity.person_tenants (
  person_id uuid not null references identity.persons (id) on delete restrict,
  tenant_id uuid not null,
  primary key (person_id, tenant_id)
);
comment on table identity.person_tenants is 'A person''s tenants, for the switcher. It gives no right: only a membership read under the tenant''s seal does.';
create table identity.memberships (
  tenant_id uuid not null default tenancy.claimed_tenant(),
  person_id uuid not null references identity.persons (id) on delete restrict,
  role text not null check (role in ('owner', 'admin', 'member', 'viewer')),
  name text not null,
  email text not null,
  joined_at timestamptz not null default now(),
  primary key (tenant_id, person_id)
);
create index on identity.memberships (person_id);
select tenancy.protect('identity.memberships', 'bos_identity', '{joined_at}');
grant select on identity.memberships to bos_app;

insert into tenancy.exempt (relation, reason) values
  ('identity.persons', 'one row a human being, who may be in several tenants; bos_identity only'),
  ('identity.person_tenants', 'which tenants a person has, for the switcher; bos_identity only');
grant select, insert, update (email, name) on identity.persons to bos_identity;
grant select, insert, delete on identity.person_tenants to bos_identity;

set local role bos_seal;
grant execute on function tenancy.current_tenant(), tenancy.writing_tenant(), tenancy.recording_tenant() to bos_identity;
set local role bos_audit;
grant usage on schema audit to bos_owner, bos_app, bos_identity;
