set local bos.lint_server_version = '160015';
