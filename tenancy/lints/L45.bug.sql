create temp view pg_hba_file_rules as select * from (values
  (1, 'host', '{all}'::text[], '{all}'::text[], '0.0.0.0', 'trust', null::text),
  (2, 'host', '{all}', '{all}', '10.0.0.0', 'md5', null)) v (line_number, type, database, user_name, address, auth_method, error);
set local search_path = pg_temp, pg_catalog;
