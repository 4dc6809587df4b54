-- Sign-in, sessions, invitations and keys of people; and the feed through which a right that was taken away is gone
-- everywhere within seconds. No secret is kept in clear: tokens, codes, links, cookies and keys as SHA-256, secrets of
-- second factors and mails to be sent under the installation's key.
set local role bos_owner;

-- The feed. The locked head makes the order of commits the order of numbers: numbered by a sequence, event 1 may commit
-- after event 2 was read, and is lost.
create table identity.feed_head (
  one boolean primary key default true check (one),
  seq bigint not null default 0,
  generation uuid not null default gen_random_uuid()
);
comment on column identity.feed_head.generation is 'Another one means: drop everything that is remembered. A restore sets it.';
insert into identity.feed_head default values;
create table identity.feed (
  seq bigint primary key,
  subject text not null check (subject ~ '^([tmplknb]:[0-9a-z:-]{1,90}|keys)$'),
  at timestamptz not null default clock_timestamp()
);
create index on identity.feed (at);
create function identity.revoke(s text) returns bigint language sql security definer set search_path = pg_catalog, pg_temp as $$
  with h as (update identity.feed_head set seq = seq + 1 returning seq)
  insert into identity.feed (seq, subject) select seq, s from h returning seq $$;
comment on function identity.revoke(text) is 'Tells every process that what it remembers of a subject is stale. The LAST statement of the transaction that takes the right away: the head stays locked until its end.';
create function identity.new_generation(known uuid) returns boolean language sql security definer set search_path = pg_catalog, pg_temp as $$
  with h as (update identity.feed_head set generation = gen_random_uuid() where generation = known returning 1) select exists (select from h) $$;
comment on function identity.new_generation(uuid) is 'Compare and set: of many processes that see a database restored, one changes the generation.';
-- Nothing of it for bos_app, not even its own tenant's subject: whoever writes an event holds the head until his
-- transaction ends, and one injected `select …, pg_sleep(15)` would keep every tenant from revoking anything.
revoke execute on function identity.revoke(text), identity.new_generation(uuid) from public;
grant execute on function identity.revoke(text), identity.new_generation(uuid) to bos_identity, bos_control;
grant usage on schema identity to bos_control;
grant select on identity.feed_head to bos_identity, bos_control;
grant select, delete on identity.feed to bos_identity;

-- Persons
alter table identity.persons
  add column password text,
  add column totp_secret bytea,
  add column totp_step bigint,
  add column totp_at timestamptz(3),
  add column locale text not null default 'en';
comment on column identity.persons.totp_step is 'The last step that a code was taken for, so that a code works once.';
grant update (password, totp_secret, totp_step, totp_at, locale) on identity.persons to bos_identity;
create index on identity.person_tenants (tenant_id);
create table identity.recovery_codes (
  person_id uuid not null references identity.persons (id) on delete restrict,
  hash bytea not null check (octet_length(hash) = 32),
  primary key (person_id, hash)
);
create table identity.logins (
  id uuid primary key default gen_random_uuid(),
  person_id uuid not null references identity.persons (id) on delete restrict,
  kind text not null check (kind in ('browser', 'token')),
  hash bytea unique check (octet_length(hash) = 32),
  device text not null check (length(device) <= 200),
  address text not null check (length(address) <= 45),
  tries int,
  auth_at timestamptz(3) not null default now(),
  factor_at timestamptz(3),
  created_at timestamptz(3) not null default now(),
  seen_at timestamptz(3) not null default now(),
  expires_at timestamptz(3) not null
);
comment on table identity.logins is 'One sign-in of a person on one device: the root of its sessions and refresh tokens, which end with it.';
comment on column identity.logins.tries is 'Not null while the second factor is still to be shown: how often it was tried.';
create index on identity.logins (person_id);
create index on identity.logins (expires_at);
create table identity.refresh_tokens (
  hash bytea primary key check (octet_length(hash) = 32),
  login_id uuid not null references identity.logins (id) on delete cascade,
  tenant_id uuid not null,
  used_at timestamptz,
  expires_at timestamptz not null
);
create index on identity.refresh_tokens (login_id);
create index on identity.refresh_tokens (expires_at);
create table identity.codes (
  hash bytea primary key check (octet_length(hash) = 32),
  tenant_id uuid not null,
  login_id uuid not null references identity.logins (id) on delete cascade,
  person_id uuid not null references identity.persons (id) on delete restrict,
  flow bytea not null check (octet_length(flow) = 32),
  expires_at timestamptz not null
);
create index on identity.codes (login_id);
create index on identity.codes (person_id);
create table identity.mail_tokens (
  hash bytea primary key check (octet_length(hash) = 32),
  kind text not null check (kind in ('signup', 'reset', 'email')),
  email text not null check (email = lower(email) and length(email) <= 254),
  body jsonb not null default '{}',
  used_at timestamptz,
  expires_at timestamptz not null
);
create index on identity.mail_tokens (expires_at);
create index on identity.mail_tokens (email);
create table identity.outbox (
  id uuid primary key default gen_random_uuid(),
  email text not null check (email = lower(email) and length(email) <= 254),
  kind text not null check (kind in ('signup', 'reset', 'invitation', 'email', 'email_changed', 'copies')),
  locale text not null default 'en',
  body bytea not null,
  tries int not null default 0,
  next_at timestamptz(3) not null default now(),
  created_at timestamptz(3) not null default now(),
  sent_at timestamptz(3)
);
comment on column identity.outbox.body is 'JSON under the installation''s key, since it holds the link.';
create index on identity.outbox (next_at) where sent_at is null;
create index on identity.outbox (created_at);
create table identity.throttles (key bytea primary key, tokens real not null, at timestamptz not null default now());
create table identity.signing_keys (
  kid text primary key check (kid ~ '^[a-z0-9]{8,32}$'),
  public bytea not null,
  wrapped_private bytea not null,
  publish_at timestamptz not null default now(),
  sign_from timestamptz not null,
  retire_at timestamptz
);
insert into tenancy.exempt (relation, reason) values
  ('identity.feed_head', 'position of the revocation feed, which holds ids only'),
  ('identity.feed', 'ids of what was taken away, read by every process; bos_identity only'),
  ('identity.recovery_codes', 'hashes of a person, who may be in several tenants; bos_identity only'),
  ('identity.logins', 'sign-ins of a person, who may be in several tenants; bos_identity only'),
  ('identity.refresh_tokens', 'found by hash before the tenant is known; bos_identity only'),
  ('identity.codes', 'made on the identity host for a tenant''s host; bos_identity only'),
  ('identity.mail_tokens', 'links for people who have no tenant yet; bos_identity only'),
  ('identity.outbox', 'mails to people who may have no tenant, encrypted; bos_identity only'),
  ('identity.throttles', 'counters under hashed keys; bos_identity only'),
  ('identity.signing_keys', 'keys of the installation''s tokens; bos_identity only');
grant select, insert, delete on identity.recovery_codes, identity.refresh_tokens, identity.codes, identity.mail_tokens,
  identity.outbox, identity.throttles, identity.signing_keys, identity.logins to bos_identity;
grant update (hash, tries, auth_at, factor_at, seen_at, expires_at) on identity.logins to bos_identity;
grant update (used_at) on identity.refresh_tokens, identity.mail_tokens to bos_identity;
grant update (tries, next_at, sent_at, body) on identity.outbox to bos_identity;
grant update (tokens, at) on identity.throttles to bos_identity;
grant update (sign_from, retire_at) on identity.signing_keys to bos_identity;

-- Tables of tenants
create table identity.sessions (
  tenant_id uuid not null default tenancy.claimed_tenant(),
  hash bytea not null check (octet_length(hash) = 32),
  login_id uuid not null,
  person_id uuid not null,
  created_at timestamptz(3) not null default now(),
  expires_at timestamptz(3) not null,
  primary key (tenant_id, hash)
);
comment on table identity.sessions is 'A browser at a tenant''s own address. It has no right of its own: every look at it joins login and membership.';
create index on identity.sessions (tenant_id, expires_at);
-- recording_tenant: fenced while the tenant moves, but a session may end in any mode of it
select tenancy.guard('identity.sessions', 'recording_tenant');
revoke all on identity.sessions from public;
grant select, insert, delete, update (expires_at) on identity.sessions to bos_identity;
create table identity.invitations (
  tenant_id uuid not null default tenancy.claimed_tenant(),
  id uuid not null default gen_random_uuid(),
  hash bytea not null check (octet_length(hash) = 32),
  email text not null check (email = lower(email) and length(email) <= 254),
  role text not null check (role in ('owner', 'admin', 'member', 'viewer')),
  invited_by text not null,
  created_at timestamptz(3) not null default now(),
  expires_at timestamptz(3) not null,
  accepted_at timestamptz(3),
  primary key (tenant_id, id),
  unique (tenant_id, hash)
);
create index on identity.invitations (tenant_id, created_at, id);
select tenancy.protect('identity.invitations', 'bos_identity', '{hash,email,role,invited_by,created_at,expires_at}');
grant select (tenant_id, id, email, role, invited_by, created_at, expires_at, accepted_at) on identity.invitations to bos_app;
create table identity.api_keys (
  tenant_id uuid not null default tenancy.claimed_tenant(),
  id uuid not null default gen_random_uuid(),
  hash bytea not null check (octet_length(hash) = 32),
  name text not null check (length(name) between 1 and 100),
  permissions text[] not null check (cardinality(permissions) between 1 and 50),
  addresses text[] not null default '{}' check (cardinality(addresses) <= 50),
  created_by uuid not null,
  created_at timestamptz(3) not null default now(),
  last_used_at timestamptz(3),
  expires_at timestamptz(3),
  primary key (tenant_id, id),
  unique (tenant_id, hash)
);
create index on identity.api_keys (tenant_id, created_at, id);
select tenancy.protect('identity.api_keys', 'bos_identity', '{hash,name,permissions,addresses,created_by,created_at,expires_at}');
