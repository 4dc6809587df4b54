create schema lintbug_time;
create table lintbug_time.visits (id uuid primary key, at timestamptz(3) not null, often timestamptz[], birthday date, opens time);
