create schema lintbug_crm;
create table lintbug_crm.deals (tenant_id uuid, id uuid, total int, primary key (tenant_id, id));
create table lintbug_crm.lines (tenant_id uuid, deal_id uuid, id uuid, primary key (tenant_id, id),
  foreign key (tenant_id, deal_id) references lintbug_crm.deals deferrable initially immediate);
create function lintbug_crm.count_up() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp
  as $$ begin update lintbug_crm.deals set total = total + 1 where id = new.id; return null; end $$;
create trigger count_up after insert on lintbug_crm.deals for each row execute function lintbug_crm.count_up();
create trigger quiet before insert on lintbug_crm.deals for each row execute function suppress_redundant_updates_trigger();
alter table lintbug_crm.deals disable trigger quiet;
alter table lintbug_crm.lines disable trigger all;
