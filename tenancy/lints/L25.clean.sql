alter role bos_app set work_mem = '8MB';
alter role bos_app set log_parameter_max_length = 0;
alter role bos_app set search_path = pg_catalog, public;
alter role bos_app set row_security = on;
alter role bos_app set lintbug.colour = 'blue';
alter role bos_migrator set session_replication_role = replica;
