create role lintbug_reports login connection limit 5;
create role lintbug_group nologin;
do $$ begin execute format('grant connect on database %I to lintbug_reports, lintbug_group', current_database()); end $$;
