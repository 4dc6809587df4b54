-- An identity column advances its sequence without any grant on it.
create schema lintbug_numbers;
create table lintbug_numbers.invoices (tenant_id uuid, id bigint generated always as identity, primary key (tenant_id, id));
grant insert on lintbug_numbers.invoices to public;
create role lintbug_operator;
create sequence lintbug_numbers.batches;
grant usage on sequence lintbug_numbers.batches to lintbug_operator;
