create schema lintbug_crm;
create table lintbug_crm.deals (tenant_id uuid, id bigint generated always as identity, primary key (tenant_id, id));
create table lintbug_crm.notes (tenant_id uuid, id bigserial, primary key (tenant_id, id));
