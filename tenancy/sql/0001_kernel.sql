-- The kernel: seal keys, homes, the functions that verify, the three policies, protect().
-- Runs as bos_migrator in one transaction; every object belongs to a role that cannot log in.
create schema if not exists tenancy authorization bos_owner;
create schema seal authorization bos_seal;
set local role bos_owner;
grant usage on schema tenancy to bos_app, bos_seal, bos_audit, bos_control;

create table tenancy.cluster (
  region text primary key,
  cluster_id uuid not null unique,
  one bool not null default true unique check (one)
);
comment on table tenancy.cluster is 'Which cluster this is. The one row is the residency lock: homes of another region cannot be inserted.';
create table tenancy.homes (
  tenant_id uuid primary key,
  region text not null references tenancy.cluster (region) on delete restrict,
  epoch bigint not null default 1,
  token bigint not null default 0,
  state text not null check (state in ('incoming', 'home', 'fenced', 'former')),
  mode text not null check (mode in ('provisioning', 'open', 'read_only', 'suspended', 'deleting', 'erasing'))
);
comment on column tenancy.homes.state is 'Written by a move only; mode by the administration only, so that a move never overwrites a suspension.';
create table tenancy.marks (tenant_id uuid, mark uuid, primary key (tenant_id, mark));
create table tenancy.exempt (
  relation text primary key check (relation ~ '^[a-z_]+\.[a-z_]+$'),
  reason text not null check (length(reason) >= 10)
);
comment on table tenancy.exempt is 'Tables without tenant isolation, each with its reason; anything else without it is a finding.';
create table tenancy.attestation (
  one bool primary key default true check (one),
  hash text not null,
  lines text not null,
  attested_at timestamptz not null default now()
);
comment on table tenancy.attestation is 'The catalog as the last migration left it; a server compares the live one at start.';
insert into tenancy.exempt (relation, reason) values
  ('tenancy.migrations', 'history of the schema itself, no tenant data'),
  ('tenancy.cluster', 'one row that says which cluster this is'),
  ('tenancy.homes', 'read by the verifying functions before a tenant is known; no app role may read it'),
  ('tenancy.marks', 'written by a move only'),
  ('tenancy.exempt', 'the list of exemptions itself, no tenant data'),
  ('tenancy.attestation', 'hash of the catalog, no tenant data'),
  ('seal.keys', 'verification keys, readable by the owner of the seal functions only');
grant select, update (token) on tenancy.homes to bos_seal;  -- `for share` needs an UPDATE right
grant select, insert, update (mode) on tenancy.homes to bos_control;
grant select on tenancy.cluster to bos_control;
grant select on tenancy.attestation, tenancy.exempt to bos_app, bos_control, bos_migrator;
grant create on schema tenancy to bos_seal;                 -- taken back below

set local role bos_seal;
create table seal.keys (
  kid text primary key check (kid ~ '^[a-z0-9]{8}$'),
  ipad bytea not null check (octet_length(ipad) = 64),
  opad bytea not null check (octet_length(opad) = 64)
);
comment on table seal.keys is 'The two HMAC pads of each signing key (RFC 2104), so that SQL needs no xor.';

create function tenancy.current_tenant() returns uuid language plpgsql stable security definer
  parallel safe cost 1000 set search_path = pg_catalog, pg_temp as $$
declare s text := current_setting('app.current_tenant_id', true); i bytea; o bytea; t uuid; st text; mo text;
begin
  if length(s) = 121 then
    select ipad, opad into i, o from seal.keys where kid = left(s, 8);
    if found and encode(sha256(o || sha256(i || convert_to(left(s, 56), 'UTF8'))), 'hex') = right(s, 64)
       and extract(epoch from now()) < substr(s, 47, 10)::float8 then
      t := substr(s, 10, 36)::uuid;
      select state, mode into st, mo from tenancy.homes where tenant_id = t;
      if st is null or st not in ('home', 'fenced') then raise exception 'tenant is not at home here' using errcode = 'BTMVD'; end if;
      if mo = 'suspended' then raise exception 'tenant is suspended' using errcode = 'BTSUS'; end if;
      return t;
    end if;
  end if;
  raise exception 'no valid tenant scope' using errcode = '42501';
end $$;
comment on function tenancy.current_tenant() is 'The tenant of a valid seal, else 42501. Nothing is cast before the MAC holds.';

create function tenancy.current_principal(out principal text, out request_id text) language plpgsql stable security definer
  set search_path = pg_catalog, pg_temp as $$
declare s text := current_setting('app.current_principal', true); i bytea; o bytea; p text[];
begin
  if length(s) between 115 and 400 then
    select ipad, opad into i, o from seal.keys where kid = left(s, 8);
    if found and encode(sha256(o || sha256(i || convert_to(left(s, -65), 'UTF8'))), 'hex') = right(s, 64) then
      p := string_to_array(s, '.');
      if cardinality(p) = 6 and extract(epoch from now()) < p[3]::float8
         and p[2] = substr(current_setting('app.current_tenant_id', true), 10, 36) then  -- that seal is verified by current_tenant()
        principal := p[4]; request_id := p[5]; return;
      end if;
    end if;
  end if;
  raise exception 'no valid principal' using errcode = '42501';
end $$;
comment on function tenancy.current_principal() is 'Who acts, from the second sealed setting that goes with every write, else 42501.';

create function tenancy.sealed_tenant() returns uuid language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare s text := current_setting('app.current_tenant_id', true); i bytea; o bytea;
begin
  if length(s) = 121 then
    select ipad, opad into i, o from seal.keys where kid = left(s, 8);
    if found and encode(sha256(o || sha256(i || convert_to(left(s, 56), 'UTF8'))), 'hex') = right(s, 64)
       and extract(epoch from now()) < substr(s, 47, 10)::float8 then return substr(s, 10, 36)::uuid; end if;
  end if;
  raise exception 'no valid tenant scope' using errcode = '42501';
end $$;
comment on function tenancy.sealed_tenant() is 'MAC and expiry only; for writing_tenant() and recording_tenant(), nobody else may call it.';

create function tenancy.writing_tenant() returns uuid language plpgsql volatile security definer
  cost 1000 set search_path = pg_catalog, pg_temp as $$
declare t uuid := tenancy.sealed_tenant(); st text; mo text; who text;
begin
  if current_setting('transaction_isolation') = 'read committed' then
    perform pg_advisory_xact_lock_shared(hashtextextended(t::text, 7411));
    select state, mode into st, mo from tenancy.homes where tenant_id = t;            -- volatile: a new snapshot
  else
    select state, mode into st, mo from tenancy.homes where tenant_id = t for share;  -- 40001 if the fence came later
  end if;
  if st = 'fenced' then raise exception 'tenant is being moved' using errcode = 'BTFNC'; end if;
  if st is distinct from 'home' then raise exception 'tenant is not at home here' using errcode = 'BTMVD'; end if;
  if mo = 'open' then return t; end if;
  if mo = 'suspended' then raise exception 'tenant is suspended' using errcode = 'BTSUS'; end if;
  select principal into who from tenancy.current_principal();
  if (mo = 'provisioning' and who in ('s:setup', 's:import')) or (mo = 'read_only' and who = 's:rewind')
     or (mo = 'erasing' and who = 's:erase') then return t; end if;
  raise exception 'tenant is %', mo using errcode = 'BTRDO';
end $$;
comment on function tenancy.writing_tenant() is 'With check of every tenant table: VOLATILE, a STABLE one wrote after the fence.';

create function tenancy.recording_tenant() returns uuid language plpgsql volatile security definer
  cost 1000 set search_path = pg_catalog, pg_temp as $$
declare t uuid := tenancy.sealed_tenant(); st text;
begin
  if current_setting('transaction_isolation') = 'read committed' then
    perform pg_advisory_xact_lock_shared(hashtextextended(t::text, 7411));
    select state into st from tenancy.homes where tenant_id = t;
  else select state into st from tenancy.homes where tenant_id = t for share; end if;
  if st = 'home' then return t; end if;
  if st = 'fenced' then raise exception 'tenant is being moved' using errcode = 'BTFNC'; end if;
  raise exception 'tenant is not at home here' using errcode = 'BTMVD';
end $$;
comment on function tenancy.recording_tenant() is 'With check of schema audit: fenced alike, but in every mode, since a denial of a suspended tenant must be recorded.';

set local role bos_owner;
revoke create on schema tenancy from bos_seal;
create function tenancy.claimed_tenant() returns uuid language sql stable parallel safe
  return case when length(current_setting('app.current_tenant_id', true)) = 121 then substr(current_setting('app.current_tenant_id', true), 10, 36)::uuid end;
comment on function tenancy.claimed_tenant() is 'Unverified, for column defaults only; null without a seal, so that with check answers 42501.';

create function tenancy.guard(rel regclass, w text default 'writing_tenant') returns void language plpgsql set search_path = pg_catalog, pg_temp as $$ begin
  execute format('alter table %s enable row level security, force row level security', rel);
  execute format('create policy floor on %s as restrictive for all to public using (tenant_id = (select tenancy.current_tenant())) with check (tenant_id = (select tenancy.%I()))', rel, w);
  execute format('create policy tenant_isolation on %s for all to public using (tenant_id = (select tenancy.current_tenant())) with check (tenant_id = (select tenancy.%I()))', rel, w);
  execute format('create policy fence on %s as restrictive for delete to public using (tenant_id = (select tenancy.%I()))', rel, w);
end $$;

create function tenancy.protect(rel regclass, writer name default 'bos_app', frozen name[] default '{}') returns void
  language plpgsql set search_path = pg_catalog, pg_temp as $$
declare c record; cols text; filled bool;
begin
  if (select relkind from pg_class where oid = rel) not in ('r', 'p') then
    raise exception 'protect(%): not a table', rel; end if;
  execute format('select exists (select from %s)', rel) into filled;
  if filled then raise exception 'protect(%): the table has rows', rel using hint = 'protect a table in the migration that creates it'; end if;
  if not exists (select from pg_attribute where attrelid = rel and attname = 'tenant_id' and not attisdropped) then
    execute format('alter table %s add column tenant_id uuid', rel); end if;
  if (select atttypid from pg_attribute where attrelid = rel and attname = 'tenant_id') <> 'uuid'::regtype then
    raise exception 'protect(%): tenant_id is not uuid', rel; end if;
  execute format('alter table %s alter column tenant_id set not null, alter column tenant_id set default tenancy.claimed_tenant()', rel);
  if not exists (select from pg_constraint where conrelid = rel and contype = 'p') then
    raise exception 'protect(%): the table has no primary key', rel using hint = 'give it one; tenant_id is put in front of it'; end if;
  -- keys: tenant_id in front of each
  for c in select conname, contype, (select string_agg(quote_ident(a.attname), ', ' order by k.n)
      from unnest(conkey) with ordinality k(att, n) join pg_attribute a on a.attrelid = conrelid and a.attnum = k.att) as names
      from pg_constraint where conrelid = rel and contype in ('p', 'u')
       and conkey[1] <> (select attnum from pg_attribute where attrelid = rel and attname = 'tenant_id') loop
    if c.names ~ '(^|, )tenant_id(,|$)' then
      raise exception 'protect(%): key % has tenant_id, but not in front', rel, c.conname; end if;
    execute format('alter table %s drop constraint %I', rel, c.conname);
    execute format('alter table %s add constraint %I %s (tenant_id, %s)', rel, c.conname,
      case c.contype when 'p' then 'primary key' else 'unique' end, c.names);
  end loop;
  for c in select i.indexrelid::regclass as name from pg_index i where i.indrelid = rel and (i.indisunique or i.indisexclusion)
      and i.indkey[0] <> (select attnum from pg_attribute where attrelid = rel and attname = 'tenant_id') loop
    raise exception 'protect(%): unique index % does not begin with tenant_id', rel, c.name
      using hint = 'otherwise one tenant learns of another''s values'; end loop;
  -- foreign keys to tenant tables: composite, deferrable, never restrict
  for c in select k.conname, k.confrelid, k.condeferrable, k.confdeltype, k.confdelsetcols,
      (select attname from pg_attribute where attrelid = rel and attnum = k.conkey[1]) as near,
      (select attname from pg_attribute where attrelid = k.confrelid and attnum = k.confkey[1]) as far,
      (select string_agg(quote_ident(a.attname), ', ' order by n) from unnest(k.conkey) with ordinality u(att, n)
        join pg_attribute a on a.attrelid = rel and a.attnum = u.att) as names,
      exists (select from pg_index i where i.indrelid = rel and i.indpred is null
        and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] <@ k.conkey) as indexed
      from pg_constraint k join pg_attribute t on t.attrelid = k.confrelid and t.attname = 'tenant_id' and not t.attisdropped
      where k.conrelid = rel and k.contype = 'f' loop
    if c.near <> 'tenant_id' or c.far <> 'tenant_id' then
      raise exception 'protect(%): foreign key % does not begin with tenant_id on both sides', rel, c.conname
        using hint = 'foreign key (tenant_id, x_id) references t (tenant_id, id)'; end if;
    if not c.condeferrable then
      raise exception 'protect(%): foreign key % is not deferrable', rel, c.conname using hint = 'deferrable initially immediate'; end if;
    if c.confdeltype = 'r' then
      raise exception 'protect(%): foreign key % is on delete restrict', rel, c.conname using hint = 'no action, cascade, or set null (column)'; end if;
    if c.confdeltype in ('n', 'd') and (c.confdelsetcols is null or cardinality(c.confdelsetcols) = 0) then
      raise exception 'protect(%): foreign key % would clear tenant_id', rel, c.conname using hint = 'on delete set null (x_id)'; end if;
    if not c.indexed then execute format('create index on %s (%s)', rel, c.names); end if;
  end loop;
  perform tenancy.guard(rel);
  execute format('revoke all on %s from public', rel);
  select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into cols from pg_attribute a
    where a.attrelid = rel and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attname <> all (frozen)
      and not exists (select from pg_constraint k where k.conrelid = rel and k.contype = 'p' and a.attnum = any (k.conkey));
  execute format('grant select, insert, delete on %s to %I', rel, writer);
  if cols is not null then execute format('grant update (%s) on %s to %I', cols, rel, writer); end if;
end $$;
comment on function tenancy.protect(regclass, name, name[]) is
  'Makes a new, empty table a tenant table: keys, indexes, three policies, grants, in the caller''s transaction. frozen: columns the writer may not update.';

revoke execute on all functions in schema tenancy from public;
grant execute on function tenancy.claimed_tenant() to bos_app, bos_audit;
grant execute on function tenancy.guard(regclass, text) to bos_audit, bos_migrator;
grant execute on function tenancy.protect(regclass, name, name[]) to bos_migrator;
set local role bos_seal;
revoke execute on function tenancy.current_tenant(), tenancy.current_principal(), tenancy.sealed_tenant(),
  tenancy.writing_tenant(), tenancy.recording_tenant() from public;
grant execute on function tenancy.current_tenant(), tenancy.writing_tenant() to bos_app, bos_owner, bos_audit;
grant execute on function tenancy.recording_tenant(), tenancy.current_principal() to bos_audit;
