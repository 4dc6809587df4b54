create schema lintbug_numbers;
create sequence lintbug_numbers.invoices;
grant usage, select on sequence lintbug_numbers.invoices to public;
