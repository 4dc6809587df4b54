create schema lintbug_crm;
create table lintbug_crm.deals (tenant_id uuid, id uuid, total int, primary key (tenant_id, id));
create table lintbug_crm.lines (tenant_id uuid, deal_id uuid, id uuid, primary key (tenant_id, id),
  foreign key (tenant_id, deal_id) references lintbug_crm.deals deferrable initially immediate);
create function lintbug_crm.count_up() returns trigger language plpgsql set search_path = pg_catalog, pg_temp
  as $$ begin new.total := old.total + 1; return new; end $$;  -- not: update lintbug_crm.deals
create trigger count_up before update on lintbug_crm.deals for each row execute function lintbug_crm.count_up();
