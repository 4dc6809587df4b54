-- The audit log's table and its events. Everything is written through audit.note(), which takes tenant, principal and
-- request id from the verified seals; the application's role may read its own tenant's entries and nothing else.
set local role bos_audit;
create sequence audit.entry_ids as bigint cache 1;
create table audit.entries (
  tenant_id uuid not null,
  id bigint not null,
  at timestamptz not null,
  xid bigint not null,
  principal text not null,
  request_id text not null,
  kind text not null check (kind in ('change', 'event', 'erasure', 'retention', 'import', 'rewind', 'restored')),
  relation text not null,
  key text not null,
  subject uuid,
  op "char" not null,
  cols text not null,
  salt bytea,
  body text,
  primary key (tenant_id, at, id)
) partition by range (at);
comment on column audit.entries.body is 'What is hashed, as it was written; never canonicalised later.';
create table audit.entries_default partition of audit.entries default;
comment on table audit.entries_default is 'So that a month that was made too late never stops a write; a row in it is an alarm.';
create index on audit.entries (tenant_id, relation, key, id);
select tenancy.guard(r, 'recording_tenant') from unnest('{audit.entries,audit.entries_default}'::regclass[]) r;
grant select on audit.entries to bos_app;

create function audit.note(kind text, target text, body text) returns void language plpgsql security definer
  set search_path = pg_catalog, pg_temp as $$
declare t uuid := tenancy.recording_tenant(); p text; r text;
begin
  if octet_length(kind) > 64 or octet_length(target) > 200 or octet_length(body) > 8192 then
    raise exception 'event is too large' using errcode = '22001'; end if;
  select principal, request_id into p, r from tenancy.current_principal();
  insert into audit.entries values (t, nextval('audit.entry_ids'), clock_timestamp(), pg_current_xact_id()::text::bigint,
    p, r, 'event', kind, target, null, 'E', '', uuid_send(gen_random_uuid()), body);
end $$;
comment on function audit.note(text, text, text) is 'Records an event of the sealed tenant by the sealed principal, also while it is suspended; at most 8 KiB, since it stays.';

create function audit.make_month(day date) returns boolean language plpgsql security definer
  set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare first date := date_trunc('month', day)::date; name text := 'entries_' || to_char(first, 'YYYY_MM');
begin
  if first not between '2000-01-01' and now() + interval '1 year' then
    raise exception 'no month of the log' using errcode = '22008'; end if;
  if to_regclass('audit.' || name) is not null then return false; end if;
  execute format('create table audit.%I partition of audit.entries for values from (%L) to (%L)',
    name, first || ' 00:00:00+00', (first + interval '1 month')::date || ' 00:00:00+00');
  perform tenancy.guard(('audit.' || name)::regclass, 'recording_tenant');
  return true;
exception when duplicate_table then return false;
end $$;
comment on function audit.make_month(date) is 'Makes the partition of a month, guarded like its parent; false when it is there. Called ahead of time.';
revoke execute on all functions in schema audit from public;
grant execute on function audit.note(text, text, text) to bos_app, bos_identity;
grant execute on function audit.make_month(date) to bos_control;
grant usage on schema audit to bos_control;
select audit.make_month((now() + m * interval '1 month')::date) from generate_series(0, 2) m;
