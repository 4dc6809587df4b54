-- An order of arrival that is no key names no row.
create schema lintbug_crm;
create table lintbug_crm.deals (tenant_id uuid, id uuid default gen_random_uuid(), seq bigint generated always as identity, primary key (tenant_id, id));
create table lintbug_crm.colours (id bigint generated always as identity primary key, name text);
