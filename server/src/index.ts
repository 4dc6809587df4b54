export type { Tenant } from '@businessos/contract';
export { type Config, ConfigError, readConfig } from './config.ts';
export { connectionOf, migrateDatabase, migrations, openDatabase, productLogins, setUp, setupSql } from './database.ts';
export { demoPage } from './demo/page.ts';
export { seedDemo } from './demo/seed.ts';
export { createTenant, findMember, listTenants } from './operate.ts';
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
export { operatorToken, tenantToken } from './tokens.ts';
