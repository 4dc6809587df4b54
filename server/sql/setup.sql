-- The product's own login role beside the kernel's: identity has a pool and rights of its own, so that no business
-- code, injected or not, can reach persons and passwords. Run by an admin at setup, safe to run again.
do $$
begin
  if to_regrole('bos_identity') is null then create role bos_identity login; end if;
  execute format('grant connect on database %I to bos_identity', current_database());
end $$;
grant execute on function pg_advisory_unlock_all() to bos_identity;
