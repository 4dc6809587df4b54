-- finds: lintbug_s.secrets
create schema lintbug_s;
create table lintbug_s.secrets (id uuid primary key, body text);
