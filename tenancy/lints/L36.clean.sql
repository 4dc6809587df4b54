update pg_extension set extversion = (select default_version from pg_available_extensions where name = 'plpgsql') where extname = 'plpgsql';
