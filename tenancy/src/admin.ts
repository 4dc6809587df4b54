export { attest, checkDatabase } from './attest.ts';
export { catalogDifference, readCatalog } from './catalog.ts';
export { type Finding, readLints, runLints } from './lint.ts';
export { type MigrationSet, migrate, readMigrations } from './migrate.ts';
export { type SetupResult, setup, weakerModeOf } from './setup.ts';
