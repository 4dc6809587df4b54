create role lintbug_app login connection limit 50 valid until '2099-01-01';
