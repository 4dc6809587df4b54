export { type Config, ConfigError, readConfig } from './config.ts';
export { migrateDatabase, migrations, openDatabase, productLogins, setUp, setupSql } from './database.ts';
export {
  createLog,
  openPlatform,
  type Platform,
  type Running,
  type StartOptions,
  startServer,
  VERSION,
} from './start.ts';
export { seedDemo } from './demo/seed.ts';
export { operatorToken, tenantToken } from './tokens.ts';
