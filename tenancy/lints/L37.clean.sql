-- Statements may be logged as long as their parameters are not.
set local log_parameter_max_length = 0;
set local log_parameter_max_length_on_error = 0;
set local log_statement = 'all';
set local synchronous_commit = on;
