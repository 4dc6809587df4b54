-- Every server has plpgsql and its files; the others need packages.
update pg_extension set extversion = '0.9' where extname = 'plpgsql';
