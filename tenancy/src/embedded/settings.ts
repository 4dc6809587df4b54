import { EmbeddedError } from './error.ts';

const DEFAULTS: Record<string, string> = {
  wal_level: 'logical',
  shared_buffers: '32MB',
  max_connections: '60',
  max_slot_wal_keep_size: '1GB',
  fsync: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Bound values, and the row that a DETAIL line quotes, are tenants' data: not in the log.
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_error_verbosity: 'terse',
};

/** What the supervisor rests on: loopback only, its own folder and log, errors in the words that it knows. */
const FIXED: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  logging_collector: 'off',
  log_destination: 'stderr',
  lc_messages: 'C',
};

const PLACES = ['port', 'data_directory', 'config_file', 'hba_file', 'ident_file', 'external_pid_file'];

/**
 * Puts the caller's PostgreSQL settings over the defaults.
 *
 * @throws EmbeddedError SETTING_REFUSED for one that would take the server out of the supervisor's hands.
 */
export function mergeSettings(own: Record<string, string>): Record<string, string> {
  const lower = Object.fromEntries(Object.entries(own).map(([name, value]) => [name.toLowerCase(), value]));
  for (const name of Object.keys(lower)) {
    if (!(name in FIXED) && !PLACES.includes(name) && /^[a-z_][a-z0-9_.]*$/.test(name)) continue;
    throw new EmbeddedError(`settings.${name} cannot be chosen for the embedded PostgreSQL: leave it out.`, {
      code: 'SETTING_REFUSED',
    });
  }
  return { ...DEFAULTS, ...lower, ...FIXED };
}
