create role lintbug_reports login;
create role lintbug_import login connection limit 100000;
do $$ begin execute format('grant connect on database %I to lintbug_reports, lintbug_import', current_database()); end $$;
