-- The schema of a freshly migrated database, one line an object, as the catalog tells it (tenancy/sql/catalog.sql).
-- Compared by a test with a database of its own, and as a hash by every server at start; not to be executed.
-- After a migration: BOS_UPDATE=1 npm test -- server/test/schema.test.ts, and read the diff.
builtin currtid2(text,tid)
builtin lo_close(integer)
builtin lo_creat(integer)
builtin lo_create(oid)
builtin lo_export(oid,text)
builtin lo_from_bytea(oid,bytea)
builtin lo_get(oid)
builtin lo_get(oid,bigint,integer)
builtin lo_import(text)
builtin lo_import(text,oid)
builtin lo_lseek(integer,integer,integer)
builtin lo_lseek64(integer,bigint,integer)
builtin lo_open(oid,integer)
builtin lo_put(oid,bigint,bytea)
builtin lo_tell(integer)
builtin lo_tell64(integer)
builtin lo_truncate(integer,integer)
builtin lo_truncate64(integer,bigint)
builtin lo_unlink(oid)
builtin loread(integer,integer)
builtin lowrite(integer,bytea)
builtin pg_advisory_lock(bigint) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_advisory_lock(integer,integer) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_advisory_lock_shared(bigint) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_advisory_lock_shared(integer,integer) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_advisory_unlock(bigint) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_advisory_unlock(integer,integer) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_advisory_unlock_all() grants bos_app:execute bos_control:execute bos_identity:execute bos_migrator:execute bos_owner:execute
builtin pg_advisory_unlock_shared(bigint) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_advisory_unlock_shared(integer,integer) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_advisory_xact_lock(bigint) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_advisory_xact_lock(integer,integer) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_advisory_xact_lock_shared(bigint) grants bos_control:execute bos_migrator:execute bos_owner:execute bos_seal:execute
builtin pg_advisory_xact_lock_shared(integer,integer) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_cancel_backend(integer)
builtin pg_logical_emit_message(boolean,text,bytea)
builtin pg_logical_emit_message(boolean,text,text)
builtin pg_notify(text,text) grants bos_control:execute bos_migrator:execute
builtin pg_terminate_backend(integer,bigint)
builtin pg_try_advisory_lock(bigint) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_try_advisory_lock(integer,integer) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_try_advisory_lock_shared(bigint) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_try_advisory_lock_shared(integer,integer) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_try_advisory_xact_lock(bigint) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_try_advisory_xact_lock(integer,integer) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_try_advisory_xact_lock_shared(bigint) grants bos_control:execute bos_migrator:execute bos_owner:execute
builtin pg_try_advisory_xact_lock_shared(integer,integer) grants bos_control:execute bos_migrator:execute bos_owner:execute
column audit.entries.at timestamp with time zone not null
column audit.entries.body text
column audit.entries.cols text not null
column audit.entries.id bigint not null
column audit.entries.key text not null
column audit.entries.kind text not null
column audit.entries.op "char" not null
column audit.entries.principal text not null
column audit.entries.relation text not null
column audit.entries.request_id text not null
column audit.entries.salt bytea
column audit.entries.subject uuid
column audit.entries.tenant_id uuid not null
column audit.entries.xid bigint not null
column audit.entries_default.at timestamp with time zone not null
column audit.entries_default.body text
column audit.entries_default.cols text not null
column audit.entries_default.id bigint not null
column audit.entries_default.key text not null
column audit.entries_default.kind text not null
column audit.entries_default.op "char" not null
column audit.entries_default.principal text not null
column audit.entries_default.relation text not null
column audit.entries_default.request_id text not null
column audit.entries_default.salt bytea
column audit.entries_default.subject uuid
column audit.entries_default.tenant_id uuid not null
column audit.entries_default.xid bigint not null
column audit.entries_month.at timestamp with time zone not null
column audit.entries_month.body text
column audit.entries_month.cols text not null
column audit.entries_month.id bigint not null
column audit.entries_month.key text not null
column audit.entries_month.kind text not null
column audit.entries_month.op "char" not null
column audit.entries_month.principal text not null
column audit.entries_month.relation text not null
column audit.entries_month.request_id text not null
column audit.entries_month.salt bytea
column audit.entries_month.subject uuid
column audit.entries_month.tenant_id uuid not null
column audit.entries_month.xid bigint not null
column control.onboardings.done_at timestamp with time zone grants bos_control:update
column control.onboardings.key text not null
column control.onboardings.request jsonb grants bos_control:update
column control.onboardings.request_hash text not null
column control.onboardings.started_at timestamp with time zone not null default now()
column control.onboardings.tenant_id uuid not null
column control.tenants.config jsonb not null default '{}'::jsonb grants bos_control:update
column control.tenants.created_at timestamp(3) with time zone not null default now()
column control.tenants.name text not null grants bos_control:update
column control.tenants.plan text not null grants bos_control:update
column control.tenants.region text not null
column control.tenants.slug text not null
column control.tenants.tenant_id uuid not null
column crm.companies.created_at timestamp(3) with time zone not null default now()
column crm.companies.deleted_at timestamp(3) with time zone grants bos_app:update
column crm.companies.domain text grants bos_app:update
column crm.companies.id uuid not null default gen_random_uuid()
column crm.companies.name text not null grants bos_app:update
column crm.companies.name_key text not null generated "left"(translate(lower((translate(regexp_replace(NORMALIZE(name, NFKD), '[̀-ͯ]+'::text, ''::text, 'g'::text), 'łŁøØđĐ'::text, 'lLoOdD'::text) COLLATE "und-x-icu")), 'ς'::text, 'σ'::text), 160) collate C
column crm.companies.tenant_id uuid not null default tenancy.claimed_tenant()
column crm.companies.updated_at timestamp(3) with time zone not null default now()
column crm.companies.version integer not null default 1
column crm.contacts.company_id uuid grants bos_app:update
column crm.contacts.created_at timestamp(3) with time zone not null default now()
column crm.contacts.deleted_at timestamp(3) with time zone grants bos_app:update
column crm.contacts.email text grants bos_app:update
column crm.contacts.email_key text generated lower((email COLLATE "und-x-icu")) collate C
column crm.contacts.id uuid not null default gen_random_uuid()
column crm.contacts.name text not null grants bos_app:update
column crm.contacts.name_key text not null generated "left"(translate(lower((translate(regexp_replace(NORMALIZE(name, NFKD), '[̀-ͯ]+'::text, ''::text, 'g'::text), 'łŁøØđĐ'::text, 'lLoOdD'::text) COLLATE "und-x-icu")), 'ς'::text, 'σ'::text), 160) collate C
column crm.contacts.owner uuid grants bos_app:update
column crm.contacts.phone text grants bos_app:update
column crm.contacts.status text not null default 'lead'::text grants bos_app:update
column crm.contacts.tenant_id uuid not null default tenancy.claimed_tenant()
column crm.contacts.touched_at timestamp(3) with time zone not null default now() grants bos_app:update
column crm.contacts.updated_at timestamp(3) with time zone not null default now()
column crm.contacts.version integer not null default 1
column directory.clusters.cluster_id uuid not null
column directory.clusters.created_at timestamp(3) with time zone not null default now()
column directory.clusters.kind text not null default 'shared'::text
column directory.clusters.name text not null
column directory.clusters.region text not null
column directory.clusters.state text not null default 'active'::text
column directory.placements.cluster_id uuid not null
column directory.placements.epoch bigint not null default 1
column directory.placements.region text not null
column directory.placements.slug text not null
column directory.placements.tenant_id uuid not null
column identity.api_keys.addresses text[] not null default '{}'::text[]
column identity.api_keys.created_at timestamp(3) with time zone not null default now()
column identity.api_keys.created_by uuid not null
column identity.api_keys.expires_at timestamp(3) with time zone
column identity.api_keys.hash bytea not null
column identity.api_keys.id uuid not null default gen_random_uuid()
column identity.api_keys.last_used_at timestamp(3) with time zone grants bos_identity:update
column identity.api_keys.name text not null
column identity.api_keys.permissions text[] not null
column identity.api_keys.tenant_id uuid not null default tenancy.claimed_tenant()
column identity.codes.expires_at timestamp with time zone not null
column identity.codes.flow bytea not null
column identity.codes.hash bytea not null
column identity.codes.login_id uuid not null
column identity.codes.person_id uuid not null
column identity.codes.tenant_id uuid not null
column identity.feed.at timestamp with time zone not null default clock_timestamp()
column identity.feed.seq bigint not null
column identity.feed.subject text not null
column identity.feed_head.generation uuid not null default gen_random_uuid()
column identity.feed_head.one boolean not null default true
column identity.feed_head.seq bigint not null default 0
column identity.invitations.accepted_at timestamp(3) with time zone grants bos_app:select bos_identity:update
column identity.invitations.created_at timestamp(3) with time zone not null default now() grants bos_app:select
column identity.invitations.email text not null grants bos_app:select
column identity.invitations.expires_at timestamp(3) with time zone not null grants bos_app:select
column identity.invitations.hash bytea not null
column identity.invitations.id uuid not null default gen_random_uuid() grants bos_app:select
column identity.invitations.invited_by text not null grants bos_app:select
column identity.invitations.role text not null grants bos_app:select
column identity.invitations.tenant_id uuid not null default tenancy.claimed_tenant() grants bos_app:select
column identity.logins.address text not null
column identity.logins.auth_at timestamp(3) with time zone not null default now() grants bos_identity:update
column identity.logins.created_at timestamp(3) with time zone not null default now()
column identity.logins.device text not null
column identity.logins.expires_at timestamp(3) with time zone not null grants bos_identity:update
column identity.logins.factor_at timestamp(3) with time zone grants bos_identity:update
column identity.logins.hash bytea grants bos_identity:update
column identity.logins.id uuid not null default gen_random_uuid()
column identity.logins.kind text not null
column identity.logins.person_id uuid not null
column identity.logins.seen_at timestamp(3) with time zone not null default now() grants bos_identity:update
column identity.logins.tries integer grants bos_identity:update
column identity.mail_tokens.body jsonb not null default '{}'::jsonb
column identity.mail_tokens.email text not null
column identity.mail_tokens.expires_at timestamp with time zone not null
column identity.mail_tokens.hash bytea not null
column identity.mail_tokens.kind text not null
column identity.mail_tokens.used_at timestamp with time zone grants bos_identity:update
column identity.memberships.email text not null grants bos_identity:update
column identity.memberships.joined_at timestamp with time zone not null default now()
column identity.memberships.name text not null grants bos_identity:update
column identity.memberships.person_id uuid not null
column identity.memberships.role text not null grants bos_identity:update
column identity.memberships.tenant_id uuid not null default tenancy.claimed_tenant()
column identity.outbox.body bytea not null grants bos_identity:update
column identity.outbox.created_at timestamp(3) with time zone not null default now()
column identity.outbox.email text not null
column identity.outbox.id uuid not null default gen_random_uuid()
column identity.outbox.kind text not null
column identity.outbox.locale text not null default 'en'::text
column identity.outbox.next_at timestamp(3) with time zone not null default now() grants bos_identity:update
column identity.outbox.sent_at timestamp(3) with time zone grants bos_identity:update
column identity.outbox.tries integer not null default 0 grants bos_identity:update
column identity.person_tenants.person_id uuid not null
column identity.person_tenants.tenant_id uuid not null
column identity.persons.created_at timestamp with time zone not null default now()
column identity.persons.email text not null grants bos_identity:update
column identity.persons.id uuid not null
column identity.persons.locale text not null default 'en'::text grants bos_identity:update
column identity.persons.name text not null grants bos_identity:update
column identity.persons.password text grants bos_identity:update
column identity.persons.totp_at timestamp(3) with time zone grants bos_identity:update
column identity.persons.totp_secret bytea grants bos_identity:update
column identity.persons.totp_step bigint grants bos_identity:update
column identity.recovery_codes.hash bytea not null
column identity.recovery_codes.person_id uuid not null
column identity.refresh_tokens.expires_at timestamp with time zone not null
column identity.refresh_tokens.hash bytea not null
column identity.refresh_tokens.login_id uuid not null
column identity.refresh_tokens.tenant_id uuid not null
column identity.refresh_tokens.used_at timestamp with time zone grants bos_identity:update
column identity.sessions.created_at timestamp(3) with time zone not null default now()
column identity.sessions.expires_at timestamp(3) with time zone not null grants bos_identity:update
column identity.sessions.hash bytea not null
column identity.sessions.login_id uuid not null
column identity.sessions.person_id uuid not null
column identity.sessions.tenant_id uuid not null default tenancy.claimed_tenant()
column identity.signing_keys.kid text not null
column identity.signing_keys.public bytea not null
column identity.signing_keys.publish_at timestamp with time zone not null default now()
column identity.signing_keys.retire_at timestamp with time zone grants bos_identity:update
column identity.signing_keys.sign_from timestamp with time zone not null grants bos_identity:update
column identity.signing_keys.wrapped_private bytea not null
column identity.throttles.at timestamp with time zone not null default now() grants bos_identity:update
column identity.throttles.key bytea not null
column identity.throttles.tokens real not null grants bos_identity:update
column seal.keys.ipad bytea not null
column seal.keys.kid text not null
column seal.keys.opad bytea not null
column server.idempotency.body text grants bos_app:update
column server.idempotency.created_at timestamp(3) with time zone not null default now() grants bos_app:update
column server.idempotency.etag text grants bos_app:update
column server.idempotency.key text not null
column server.idempotency.principal text not null
column server.idempotency.request_hash text not null grants bos_app:update
column server.idempotency.status integer grants bos_app:update
column server.idempotency.tenant_id uuid not null default tenancy.claimed_tenant()
column tenancy.attestation.attested_at timestamp with time zone not null default now()
column tenancy.attestation.hash text not null
column tenancy.attestation.lines text not null
column tenancy.attestation.one boolean not null default true
column tenancy.cluster.cluster_id uuid not null
column tenancy.cluster.one boolean not null default true
column tenancy.cluster.region text not null
column tenancy.exempt.reason text not null
column tenancy.exempt.relation text not null
column tenancy.homes.epoch bigint not null default 1
column tenancy.homes.mode text not null grants bos_control:update
column tenancy.homes.region text not null
column tenancy.homes.state text not null
column tenancy.homes.tenant_id uuid not null
column tenancy.homes.token bigint not null default 0 grants bos_seal:update
column tenancy.marks.mark uuid not null
column tenancy.marks.tenant_id uuid not null
column tenancy.migrations.applied_at timestamp with time zone not null default now()
column tenancy.migrations.chain text not null
column tenancy.migrations.name text not null
column tenancy.migrations.number integer not null
column tenancy.migrations.room text not null
column tenancy.migrations.sha256 text not null
constraint audit.entries entries_kind_check CHECK ((kind = ANY (ARRAY['change'::text, 'event'::text, 'erasure'::text, 'retention'::text, 'import'::text, 'rewind'::text, 'restored'::text])))
constraint audit.entries entries_pkey PRIMARY KEY (tenant_id, at, id)
constraint audit.entries_default entries_default_pkey PRIMARY KEY (tenant_id, at, id)
constraint audit.entries_default entries_kind_check CHECK ((kind = ANY (ARRAY['change'::text, 'event'::text, 'erasure'::text, 'retention'::text, 'import'::text, 'rewind'::text, 'restored'::text])))
constraint audit.entries_month entries_kind_check CHECK ((kind = ANY (ARRAY['change'::text, 'event'::text, 'erasure'::text, 'retention'::text, 'import'::text, 'rewind'::text, 'restored'::text])))
constraint audit.entries_month entries_month_pkey PRIMARY KEY (tenant_id, at, id)
constraint control.onboardings onboardings_check CHECK (((done_at IS NULL) OR (request IS NULL)))
constraint control.onboardings onboardings_key_check CHECK (((length(key) >= 1) AND (length(key) <= 128)))
constraint control.onboardings onboardings_pkey PRIMARY KEY (key)
constraint control.onboardings onboardings_tenant_id_key UNIQUE (tenant_id)
constraint control.tenants tenants_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
constraint control.tenants tenants_pkey PRIMARY KEY (tenant_id)
constraint control.tenants tenants_plan_check CHECK ((plan = ANY (ARRAY['free'::text, 'pro'::text, 'enterprise'::text])))
constraint control.tenants tenants_slug_key UNIQUE (slug)
constraint crm.companies companies_domain_check CHECK ((length(domain) <= 253))
constraint crm.companies companies_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
constraint crm.companies companies_pkey PRIMARY KEY (tenant_id, id)
constraint crm.contacts contacts_email_check CHECK ((length(email) <= 254))
constraint crm.contacts contacts_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
constraint crm.contacts contacts_phone_check CHECK ((length(phone) <= 40))
constraint crm.contacts contacts_pkey PRIMARY KEY (tenant_id, id)
constraint crm.contacts contacts_status_check CHECK ((status = ANY (ARRAY['lead'::text, 'active'::text, 'customer'::text, 'former'::text])))
constraint crm.contacts contacts_tenant_id_company_id_fkey FOREIGN KEY (tenant_id, company_id) REFERENCES crm.companies(tenant_id, id) ON DELETE SET NULL (company_id) DEFERRABLE
constraint directory.clusters clusters_kind_check CHECK ((kind = ANY (ARRAY['shared'::text, 'shard'::text, 'dedicated'::text, 'citus'::text])))
constraint directory.clusters clusters_name_check CHECK ((name ~ '^[a-z][a-z0-9-]{0,31}$'::text))
constraint directory.clusters clusters_name_key UNIQUE (name)
constraint directory.clusters clusters_pkey PRIMARY KEY (cluster_id)
constraint directory.clusters clusters_region_check CHECK ((region ~ '^[a-z][a-z0-9-]{0,31}$'::text))
constraint directory.clusters clusters_state_check CHECK ((state = ANY (ARRAY['joining'::text, 'active'::text, 'draining'::text, 'retired'::text])))
constraint directory.placements placements_cluster_id_fkey FOREIGN KEY (cluster_id) REFERENCES directory.clusters(cluster_id) ON DELETE RESTRICT
constraint directory.placements placements_pkey PRIMARY KEY (tenant_id)
constraint directory.placements placements_slug_check CHECK (((slug ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$'::text) AND ((length(slug) >= 3) AND (length(slug) <= 40))))
constraint directory.placements placements_slug_key UNIQUE (slug)
constraint identity.api_keys api_keys_addresses_check CHECK ((cardinality(addresses) <= 50))
constraint identity.api_keys api_keys_hash_check CHECK ((octet_length(hash) = 32))
constraint identity.api_keys api_keys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
constraint identity.api_keys api_keys_permissions_check CHECK (((cardinality(permissions) >= 1) AND (cardinality(permissions) <= 50)))
constraint identity.api_keys api_keys_pkey PRIMARY KEY (tenant_id, id)
constraint identity.api_keys api_keys_tenant_id_hash_key UNIQUE (tenant_id, hash)
constraint identity.codes codes_flow_check CHECK ((octet_length(flow) = 32))
constraint identity.codes codes_hash_check CHECK ((octet_length(hash) = 32))
constraint identity.codes codes_login_id_fkey FOREIGN KEY (login_id) REFERENCES identity.logins(id) ON DELETE CASCADE
constraint identity.codes codes_person_id_fkey FOREIGN KEY (person_id) REFERENCES identity.persons(id) ON DELETE RESTRICT
constraint identity.codes codes_pkey PRIMARY KEY (hash)
constraint identity.feed feed_pkey PRIMARY KEY (seq)
constraint identity.feed feed_subject_check CHECK ((subject ~ '^([tmplknb]:[0-9a-z:-]{1,90}|keys)$'::text))
constraint identity.feed_head feed_head_one_check CHECK (one)
constraint identity.feed_head feed_head_pkey PRIMARY KEY (one)
constraint identity.invitations invitations_email_check CHECK (((email = lower(email)) AND (length(email) <= 254)))
constraint identity.invitations invitations_hash_check CHECK ((octet_length(hash) = 32))
constraint identity.invitations invitations_pkey PRIMARY KEY (tenant_id, id)
constraint identity.invitations invitations_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text, 'viewer'::text])))
constraint identity.invitations invitations_tenant_id_hash_key UNIQUE (tenant_id, hash)
constraint identity.logins logins_address_check CHECK ((length(address) <= 45))
constraint identity.logins logins_device_check CHECK ((length(device) <= 200))
constraint identity.logins logins_hash_check CHECK ((octet_length(hash) = 32))
constraint identity.logins logins_hash_key UNIQUE (hash)
constraint identity.logins logins_kind_check CHECK ((kind = ANY (ARRAY['browser'::text, 'token'::text])))
constraint identity.logins logins_person_id_fkey FOREIGN KEY (person_id) REFERENCES identity.persons(id) ON DELETE RESTRICT
constraint identity.logins logins_pkey PRIMARY KEY (id)
constraint identity.mail_tokens mail_tokens_email_check CHECK (((email = lower(email)) AND (length(email) <= 254)))
constraint identity.mail_tokens mail_tokens_hash_check CHECK ((octet_length(hash) = 32))
constraint identity.mail_tokens mail_tokens_kind_check CHECK ((kind = ANY (ARRAY['signup'::text, 'reset'::text, 'email'::text])))
constraint identity.mail_tokens mail_tokens_pkey PRIMARY KEY (hash)
constraint identity.memberships memberships_person_id_fkey FOREIGN KEY (person_id) REFERENCES identity.persons(id) ON DELETE RESTRICT
constraint identity.memberships memberships_pkey PRIMARY KEY (tenant_id, person_id)
constraint identity.memberships memberships_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text, 'viewer'::text])))
constraint identity.outbox outbox_email_check CHECK (((email = lower(email)) AND (length(email) <= 254)))
constraint identity.outbox outbox_kind_check CHECK ((kind = ANY (ARRAY['signup'::text, 'reset'::text, 'invitation'::text, 'email'::text, 'email_changed'::text, 'copies'::text])))
constraint identity.outbox outbox_pkey PRIMARY KEY (id)
constraint identity.person_tenants person_tenants_person_id_fkey FOREIGN KEY (person_id) REFERENCES identity.persons(id) ON DELETE RESTRICT
constraint identity.person_tenants person_tenants_pkey PRIMARY KEY (person_id, tenant_id)
constraint identity.persons persons_email_check CHECK (((email = lower(email)) AND (length(email) <= 254)))
constraint identity.persons persons_email_key UNIQUE (email)
constraint identity.persons persons_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
constraint identity.persons persons_pkey PRIMARY KEY (id)
constraint identity.recovery_codes recovery_codes_hash_check CHECK ((octet_length(hash) = 32))
constraint identity.recovery_codes recovery_codes_person_id_fkey FOREIGN KEY (person_id) REFERENCES identity.persons(id) ON DELETE RESTRICT
constraint identity.recovery_codes recovery_codes_pkey PRIMARY KEY (person_id, hash)
constraint identity.refresh_tokens refresh_tokens_hash_check CHECK ((octet_length(hash) = 32))
constraint identity.refresh_tokens refresh_tokens_login_id_fkey FOREIGN KEY (login_id) REFERENCES identity.logins(id) ON DELETE CASCADE
constraint identity.refresh_tokens refresh_tokens_pkey PRIMARY KEY (hash)
constraint identity.sessions sessions_hash_check CHECK ((octet_length(hash) = 32))
constraint identity.sessions sessions_pkey PRIMARY KEY (tenant_id, hash)
constraint identity.signing_keys signing_keys_kid_check CHECK ((kid ~ '^[a-z0-9]{8,32}$'::text))
constraint identity.signing_keys signing_keys_pkey PRIMARY KEY (kid)
constraint identity.throttles throttles_pkey PRIMARY KEY (key)
constraint seal.keys keys_ipad_check CHECK ((octet_length(ipad) = 64))
constraint seal.keys keys_kid_check CHECK ((kid ~ '^[a-z0-9]{8}$'::text))
constraint seal.keys keys_opad_check CHECK ((octet_length(opad) = 64))
constraint seal.keys keys_pkey PRIMARY KEY (kid)
constraint server.idempotency idempotency_key_check CHECK (((length(key) >= 1) AND (length(key) <= 128)))
constraint server.idempotency idempotency_pkey PRIMARY KEY (tenant_id, principal, key)
constraint tenancy.attestation attestation_one_check CHECK (one)
constraint tenancy.attestation attestation_pkey PRIMARY KEY (one)
constraint tenancy.cluster cluster_cluster_id_key UNIQUE (cluster_id)
constraint tenancy.cluster cluster_one_check CHECK (one)
constraint tenancy.cluster cluster_one_key UNIQUE (one)
constraint tenancy.cluster cluster_pkey PRIMARY KEY (region)
constraint tenancy.exempt exempt_pkey PRIMARY KEY (relation)
constraint tenancy.exempt exempt_reason_check CHECK ((length(reason) >= 10))
constraint tenancy.exempt exempt_relation_check CHECK ((relation ~ '^[a-z_]+\.[a-z_]+$'::text))
constraint tenancy.homes homes_mode_check CHECK ((mode = ANY (ARRAY['provisioning'::text, 'open'::text, 'read_only'::text, 'suspended'::text, 'deleting'::text, 'erasing'::text])))
constraint tenancy.homes homes_pkey PRIMARY KEY (tenant_id)
constraint tenancy.homes homes_region_fkey FOREIGN KEY (region) REFERENCES tenancy.cluster(region) ON DELETE RESTRICT
constraint tenancy.homes homes_state_check CHECK ((state = ANY (ARRAY['incoming'::text, 'home'::text, 'fenced'::text, 'former'::text])))
constraint tenancy.marks marks_pkey PRIMARY KEY (tenant_id, mark)
constraint tenancy.migrations migrations_pkey PRIMARY KEY (room, number)
database grants bos_app:connect bos_control:connect bos_identity:connect bos_migrator:connect,create
extension plpgsql
function audit.make_month(day date) returns boolean owner bos_audit plpgsql volatile definer set search_path=pg_catalog, pg_temp set lock_timeout=2s grants bos_control:execute body 073955200b7337ab1061c23b252574b61bf592ee679389ee8a452029fb06f287
function audit.note(kind text, target text, body text) returns void owner bos_audit plpgsql volatile definer set search_path=pg_catalog, pg_temp grants bos_app:execute bos_identity:execute body 5c355ba6ea7a1f1eda8f7c7ee4b2f2711c133e83e15fc67d447a4bfb36ab1b81
function crm.bump() returns trigger owner bos_owner plpgsql volatile set search_path=pg_catalog, pg_temp body f7b8e81993f8748dd4777ef9f0ea56d6ccfffacfd29f0a6f3ba2268b093860b3
function identity.new_generation(known uuid) returns boolean owner bos_owner sql volatile definer set search_path=pg_catalog, pg_temp grants bos_control:execute bos_identity:execute body 2390a3749839dc2f219145dbcf922addec0be9d0afd9f8e6fa6a1c5992efc23f
function identity.revoke(s text) returns bigint owner bos_owner sql volatile definer set search_path=pg_catalog, pg_temp grants bos_control:execute bos_identity:execute body a9bb04bfbbe261a207812fefd245c58f55fbfb184a13d78cda11f72a8cd7b23d
function tenancy.claimed_tenant() returns uuid owner bos_owner sql stable parallel safe grants bos_app:execute bos_audit:execute bos_identity:execute body a2baa22d6a96b25d45d98d40c9bb58e0603ee71b1fa0a724801293340d1c6010
function tenancy.current_principal(OUT principal text, OUT request_id text) returns record owner bos_seal plpgsql stable definer set search_path=pg_catalog, pg_temp grants bos_audit:execute body 69df748eec4e252f1e84260fa5ce2ca5a5e28535dc9329c5438c794b9cee6629
function tenancy.current_tenant() returns uuid owner bos_seal plpgsql stable definer parallel safe set search_path=pg_catalog, pg_temp grants bos_app:execute bos_audit:execute bos_identity:execute bos_owner:execute body 356ad1ed7269193d02e027469714e196a9f38055add0ed467044e2e870ec6b73
function tenancy.guard(rel regclass, w text) returns void owner bos_owner plpgsql volatile set search_path=pg_catalog, pg_temp grants bos_audit:execute bos_migrator:execute body f7f442a068c0d872331329dbc67bd6da19af493a18d208885797d11fee58ed30
function tenancy.protect(rel regclass, writer name, frozen name[]) returns void owner bos_owner plpgsql volatile set search_path=pg_catalog, pg_temp grants bos_migrator:execute body c55b5f676bb170f0c7b750fdd31e2a069f27dfb2064e99fdd5401897622ff51b
function tenancy.recording_tenant() returns uuid owner bos_seal plpgsql volatile definer set search_path=pg_catalog, pg_temp grants bos_audit:execute bos_identity:execute body f93b88806ff0ade5352f3664eb51e65d4cbe3002f1df0f0c7096256b88494a8a
function tenancy.sealed_tenant() returns uuid owner bos_seal plpgsql stable definer set search_path=pg_catalog, pg_temp body 17fcd949dcccb87882bae3a3523c5f4766ec16cbd69f68f51e4a91a5e8f726b7
function tenancy.writing_tenant() returns uuid owner bos_seal plpgsql volatile definer set search_path=pg_catalog, pg_temp grants bos_app:execute bos_audit:execute bos_identity:execute bos_owner:execute body 1e9f898c7c9aa406577c5f6958a967f853b0c4e72d80b7757745e086485cc060
index CREATE INDEX api_keys_tenant_id_created_at_id_idx ON identity.api_keys USING btree (tenant_id, created_at, id)
index CREATE INDEX codes_login_id_idx ON identity.codes USING btree (login_id)
index CREATE INDEX codes_person_id_idx ON identity.codes USING btree (person_id)
index CREATE INDEX companies_by_creation ON crm.companies USING btree (tenant_id, created_at, id) WHERE (deleted_at IS NULL)
index CREATE INDEX companies_by_name ON crm.companies USING btree (tenant_id, name_key, id) WHERE (deleted_at IS NULL)
index CREATE INDEX contacts_by_company ON crm.contacts USING btree (tenant_id, company_id)
index CREATE INDEX contacts_by_creation ON crm.contacts USING btree (tenant_id, created_at, id) WHERE (deleted_at IS NULL)
index CREATE INDEX contacts_by_name ON crm.contacts USING btree (tenant_id, name_key, id) WHERE (deleted_at IS NULL)
index CREATE INDEX contacts_by_touch ON crm.contacts USING btree (tenant_id, touched_at, id) WHERE (deleted_at IS NULL)
index CREATE INDEX entries_default_tenant_id_relation_key_id_idx ON audit.entries_default USING btree (tenant_id, relation, key, id)
index CREATE INDEX entries_month_tenant_id_relation_key_id_idx ON audit.entries_month USING btree (tenant_id, relation, key, id)
index CREATE INDEX entries_tenant_id_relation_key_id_idx ON ONLY audit.entries USING btree (tenant_id, relation, key, id)
index CREATE INDEX feed_at_idx ON identity.feed USING btree (at)
index CREATE INDEX idempotency_tenant_id_created_at_idx ON server.idempotency USING btree (tenant_id, created_at)
index CREATE INDEX invitations_tenant_id_created_at_id_idx ON identity.invitations USING btree (tenant_id, created_at, id)
index CREATE INDEX logins_expires_at_idx ON identity.logins USING btree (expires_at)
index CREATE INDEX logins_person_id_idx ON identity.logins USING btree (person_id)
index CREATE INDEX mail_tokens_email_idx ON identity.mail_tokens USING btree (email)
index CREATE INDEX mail_tokens_expires_at_idx ON identity.mail_tokens USING btree (expires_at)
index CREATE INDEX memberships_person_id_idx ON identity.memberships USING btree (person_id)
index CREATE INDEX onboardings_started_at_idx ON control.onboardings USING btree (started_at) WHERE (done_at IS NULL)
index CREATE INDEX outbox_created_at_idx ON identity.outbox USING btree (created_at)
index CREATE INDEX outbox_next_at_idx ON identity.outbox USING btree (next_at) WHERE (sent_at IS NULL)
index CREATE INDEX person_tenants_tenant_id_idx ON identity.person_tenants USING btree (tenant_id)
index CREATE INDEX placements_cluster_id_idx ON directory.placements USING btree (cluster_id)
index CREATE INDEX refresh_tokens_expires_at_idx ON identity.refresh_tokens USING btree (expires_at)
index CREATE INDEX refresh_tokens_login_id_idx ON identity.refresh_tokens USING btree (login_id)
index CREATE INDEX sessions_tenant_id_expires_at_idx ON identity.sessions USING btree (tenant_id, expires_at)
index CREATE INDEX tenants_created_at_tenant_id_idx ON control.tenants USING btree (created_at, tenant_id)
index CREATE UNIQUE INDEX contacts_by_email ON crm.contacts USING btree (tenant_id, email_key) WHERE (deleted_at IS NULL)
language plpgsql grants bos_audit:usage bos_migrator:usage bos_owner:usage bos_seal:usage
language sql grants bos_audit:usage bos_migrator:usage bos_owner:usage bos_seal:usage
member bos_migrator of bos_audit
member bos_migrator of bos_owner
member bos_migrator of bos_seal
partitioned table audit.entries owner bos_audit rls force grants bos_app:select
policy audit.entries fence restrictive for delete to public using (tenant_id = ( SELECT tenancy.recording_tenant() AS recording_tenant))
policy audit.entries floor restrictive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.recording_tenant() AS recording_tenant))
policy audit.entries tenant_isolation permissive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.recording_tenant() AS recording_tenant))
policy audit.entries_default fence restrictive for delete to public using (tenant_id = ( SELECT tenancy.recording_tenant() AS recording_tenant))
policy audit.entries_default floor restrictive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.recording_tenant() AS recording_tenant))
policy audit.entries_default tenant_isolation permissive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.recording_tenant() AS recording_tenant))
policy audit.entries_month fence restrictive for delete to public using (tenant_id = ( SELECT tenancy.recording_tenant() AS recording_tenant))
policy audit.entries_month floor restrictive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.recording_tenant() AS recording_tenant))
policy audit.entries_month tenant_isolation permissive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.recording_tenant() AS recording_tenant))
policy crm.companies fence restrictive for delete to public using (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
policy crm.companies floor restrictive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
policy crm.companies tenant_isolation permissive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
policy crm.contacts fence restrictive for delete to public using (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
policy crm.contacts floor restrictive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
policy crm.contacts tenant_isolation permissive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
policy identity.api_keys fence restrictive for delete to public using (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
policy identity.api_keys floor restrictive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
policy identity.api_keys tenant_isolation permissive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
policy identity.invitations fence restrictive for delete to public using (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
policy identity.invitations floor restrictive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
policy identity.invitations tenant_isolation permissive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
policy identity.memberships fence restrictive for delete to public using (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
policy identity.memberships floor restrictive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
policy identity.memberships tenant_isolation permissive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
policy identity.sessions fence restrictive for delete to public using (tenant_id = ( SELECT tenancy.recording_tenant() AS recording_tenant))
policy identity.sessions floor restrictive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.recording_tenant() AS recording_tenant))
policy identity.sessions tenant_isolation permissive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.recording_tenant() AS recording_tenant))
policy server.idempotency fence restrictive for delete to public using (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
policy server.idempotency floor restrictive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
policy server.idempotency tenant_isolation permissive for all to public using (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) with check (tenant_id = ( SELECT tenancy.writing_tenant() AS writing_tenant))
role bos_app login
role bos_audit nologin
role bos_control login
role bos_identity login
role bos_migrator login noinherit
role bos_owner nologin
role bos_seal nologin
schema audit owner bos_audit grants bos_app:usage bos_control:usage bos_identity:usage bos_owner:usage
schema control owner bos_owner grants bos_control:usage
schema crm owner bos_owner grants bos_app:usage
schema directory owner bos_owner grants bos_control:usage
schema identity owner bos_owner grants bos_app:usage bos_control:usage bos_identity:usage
schema public owner pg_database_owner
schema seal owner bos_seal
schema server owner bos_owner grants bos_app:usage
schema tenancy owner bos_owner grants bos_app:usage bos_audit:usage bos_control:usage bos_identity:usage bos_migrator:usage bos_seal:usage
sequence audit.entry_ids owner bos_audit
table audit.entries_default owner bos_audit rls force partition
table audit.entries_month owner bos_audit rls force partition
table control.onboardings owner bos_owner grants bos_control:insert,select
table control.tenants owner bos_owner grants bos_control:insert,select
table crm.companies owner bos_owner rls force grants bos_app:delete,insert,select
table crm.contacts owner bos_owner rls force grants bos_app:delete,insert,select
table directory.clusters owner bos_owner grants bos_control:insert,select
table directory.placements owner bos_owner grants bos_control:insert,select
table identity.api_keys owner bos_owner rls force grants bos_identity:delete,insert,select
table identity.codes owner bos_owner grants bos_identity:delete,insert,select
table identity.feed owner bos_owner grants bos_identity:delete,select
table identity.feed_head owner bos_owner grants bos_control:select bos_identity:select
table identity.invitations owner bos_owner rls force grants bos_identity:delete,insert,select
table identity.logins owner bos_owner grants bos_identity:delete,insert,select
table identity.mail_tokens owner bos_owner grants bos_identity:delete,insert,select
table identity.memberships owner bos_owner rls force grants bos_app:select bos_identity:delete,insert,select
table identity.outbox owner bos_owner grants bos_identity:delete,insert,select
table identity.person_tenants owner bos_owner grants bos_identity:delete,insert,select
table identity.persons owner bos_owner grants bos_identity:insert,select
table identity.recovery_codes owner bos_owner grants bos_identity:delete,insert,select
table identity.refresh_tokens owner bos_owner grants bos_identity:delete,insert,select
table identity.sessions owner bos_owner rls force grants bos_identity:delete,insert,select
table identity.signing_keys owner bos_owner grants bos_identity:delete,insert,select
table identity.throttles owner bos_owner grants bos_identity:delete,insert,select
table seal.keys owner bos_seal
table server.idempotency owner bos_owner rls force grants bos_app:delete,insert,select
table tenancy.attestation owner bos_owner grants bos_app:select bos_control:select bos_identity:select bos_migrator:select
table tenancy.cluster owner bos_owner grants bos_control:select
table tenancy.exempt owner bos_owner grants bos_app:select bos_control:select bos_identity:select bos_migrator:select
table tenancy.homes owner bos_owner grants bos_control:insert,select bos_seal:select
table tenancy.marks owner bos_owner
table tenancy.migrations owner bos_owner grants bos_migrator:insert,select
trigger crm.companies bump CREATE TRIGGER bump BEFORE UPDATE ON crm.companies FOR EACH ROW EXECUTE FUNCTION crm.bump()
trigger crm.contacts bump CREATE TRIGGER bump BEFORE UPDATE ON crm.contacts FOR EACH ROW EXECUTE FUNCTION crm.bump()
