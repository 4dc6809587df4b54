set local log_parameter_max_length = 1024;
set local log_statement = 'all';
set local synchronous_commit = off;
