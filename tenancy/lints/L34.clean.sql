create schema lintbug_crm;
create table lintbug_crm.deals (tenant_id uuid, id uuid, primary key (tenant_id, id));
create table lintbug_crm.lines (tenant_id uuid, id uuid, deal_id uuid, price int, primary key (tenant_id, id));
alter table lintbug_crm.lines add constraint lines_deal foreign key (tenant_id, deal_id) references lintbug_crm.deals not valid;
alter table lintbug_crm.lines add constraint lines_price check (price > 0) not valid;
alter table lintbug_crm.lines validate constraint lines_deal, validate constraint lines_price;
create table lintbug_crm.visits (tenant_id uuid, at timestamptz) partition by range (at);
create table lintbug_crm.visits_all partition of lintbug_crm.visits default;
create index visits_at on lintbug_crm.visits (tenant_id, at);
