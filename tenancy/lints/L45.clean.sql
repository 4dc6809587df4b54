create temp view pg_hba_file_rules as select * from (values
  (1, 'local', '{all}'::text[], '{all}'::text[], null::text, 'peer', null::text),
  (2, 'host', '{all}', '{all}', '127.0.0.1', 'trust', null),
  (3, 'hostssl', '{all}', '{all}', '0.0.0.0', 'scram-sha-256', null)) v (line_number, type, database, user_name, address, auth_method, error);
set local search_path = pg_temp, pg_catalog;
