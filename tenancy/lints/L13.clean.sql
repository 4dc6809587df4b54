alter role bos_app nosuperuser nobypassrls nocreaterole nocreatedb noreplication inherit login connection limit 50;
