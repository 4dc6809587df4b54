export type { Tenant } from '@businessos/contract';
export { type Config, ConfigError, readConfig } from './config.ts';
export { connectionOf, migrateDatabase, migrations, openDatabase, productLogins, setUp, setupSql } from './database.ts';
export { DEMO_PASSWORD, seedDemo } from './demo/seed.ts';
export { parseHost } from './http/host.ts';
export { Feed } from './identity/feed.ts';
export { memberToken } from './identity/tokens.ts';
export { createTenant, listTenants, loseFactor, mintOperatorToken, mintToken } from './operate.ts';
export { findServer } from './server-file.ts';
export {
  createLog,
  openPlatform,
  type Platform,
  type Running,
  type StartOptions,
  startServer,
  VERSION,
} from './start.ts';
