create schema lintbug_time;
create domain lintbug_time.moment as timestamp;
create table lintbug_time.visits (id uuid primary key, at timestamp(3) not null, often timestamp[], later lintbug_time.moment);
