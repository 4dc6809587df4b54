create schema lintbug_s;
create function lintbug_s.leaks(text) returns bool language plpgsql as 'begin raise notice ''%'', $1; return true; end';
