-- object: bos_app
alter role bos_app bypassrls createdb;
