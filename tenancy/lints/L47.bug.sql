-- A login role that may become the owner, and a verification that compares the first half of the MAC and no expiry.
create role lintbug_helper login in role bos_seal;
grant usage on schema seal to bos_app;
grant select on seal.keys to bos_app;
grant execute on function tenancy.sealed_tenant() to public;
create or replace function tenancy.current_tenant() returns uuid language plpgsql stable security definer
  parallel safe cost 1000 set search_path = pg_catalog, pg_temp as $$
declare s text := current_setting('app.current_tenant_id', true); i bytea; o bytea;
begin
  select ipad, opad into i, o from seal.keys where kid = left(s, 8);
  if found and left(encode(sha256(o || sha256(i || convert_to(left(s, 56), 'UTF8'))), 'hex'), 32) = substr(s, 58, 32) then
    return substr(s, 10, 36)::uuid;
  end if;
  raise exception 'no valid tenant scope' using errcode = '42501';
end $$;
