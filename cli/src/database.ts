import { migrateDatabase, readConfig, setUp } from '@businessos/server';
import type { Command } from 'commander';
import { print } from './output.ts';

/** `bos setup` and `bos migrate`. */
export function addDatabaseCommands(program: Command): void {
  program
    .command('setup')
    .description(
      'create roles, rights and, if absent, the database in an existing PostgreSQL 15 to 18; run once by an admin',
    )
    .requiredOption(
      '--admin-url <url>',
      'postgres://admin:password@host:port/database of an admin, best a superuser; not kept',
    )
    .option('--database <name>', 'database to create when absent; else that of the URL is used')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  bos setup --admin-url postgres://postgres:secret@db.internal:5432/postgres --database businessos\n  bos migrate\n  DATABASE_URL=postgres://db.internal:5432/businessos bos serve',
    )
    .action(async ({ adminUrl, database, json }: { adminUrl: string; database?: string; json?: boolean }) => {
      const config = readConfig();
      const done = await setUp(config, adminUrl, database);
      print(json, { ...done, dataDir: config.dataDir }, () => [
        `The database ${done.database} is set up; the roles' passwords are in ${config.dataDir} (readable by you only).`,
        ...done.weaker.map((weak) => `Weaker mode: ${weak}.`),
        'Next: bos migrate',
      ]);
    });
  program
    .command('migrate')
    .description('bring the schema up to this program; safe to run at any time, goes on where it stopped')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  bos migrate --json')
    .action(async ({ json }: { json?: boolean }) => {
      const applied = await migrateDatabase(readConfig(), (line) => {
        if (!json) process.stdout.write(`${line}\n`);
      });
      print(json, { applied }, () => [
        applied.length === 0 ? 'The schema is up to date.' : `${applied.length} migrations applied.`,
      ]);
    });
}
