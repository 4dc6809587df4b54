import {
  type Config,
  createLog,
  demoPage,
  type Platform,
  readConfig,
  seedDemo,
  startServer,
  tenantToken,
} from '@businessos/server';
import type { Command } from 'commander';
import { fail } from './output.ts';

type Demo = Awaited<ReturnType<typeof seedDemo>>;

const TOKEN_MINUTES = 60;

/** `bos serve`: the whole product in this process. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('start the server; with --demo on an empty database, with three businesses to try out')
    .option('--demo', 'seed the demo into an empty database and show how to get in; never with NODE_ENV=production')
    .addHelpText(
      'after',
      '\nExample:\n  PORT=8080 bos serve --demo\n\nSettings: PORT, BOS_DATA, BOS_BASE_DOMAIN, BOS_PUBLIC_PORT, BOS_REGION, DATABASE_URL, LOG_LEVEL',
    )
    .action(async ({ demo }: { demo?: boolean }) => {
      const config = readConfig();
      if (demo && config.production) throw new Error('--demo never runs with NODE_ENV=production');
      // the demo's one screen is for a person; the log is for programs
      const log = createLog({ logLevel: process.env['LOG_LEVEL'] ? config.logLevel : demo ? 'warn' : 'info' });
      const say = (line: string) => process.stdout.write(`${line}\n`);
      let seeded: Demo = [];
      const running = await startServer(config, {
        log,
        ...(demo && {
          prepare: async (platform: Platform) => {
            seeded = await seedDemo(platform, (line) => say(`  ${line} …`));
          },
          page: (platform: Platform, port: number) => demoPage(platform, seeded, port),
        }),
      });
      let asked = 0;
      const stop = () => {
        // Ctrl-C reaches this process twice where a launcher passes it on: only a later one means "now"
        if (asked > 0 && Date.now() - asked > 1_000) process.exit(1);
        if (asked > 0) return;
        asked = Date.now();
        running.stop().then(
          () => process.exit(0),
          (error: unknown) => fail(error),
        );
      };
      process.on('SIGINT', stop);
      process.on('SIGTERM', stop);
      if (demo)
        say(await screen({ ...config, publicPort: config.publicPort || running.port }, running.platform, seeded));
      else log.info({ port: running.port, weaker: running.platform.database.weaker }, 'serving');
    });
}

/** The one screen of `npm start`: addresses, a ready line for each, where data lies, how to stop and to reset. */
async function screen(config: Config, { identity, database }: Platform, tenants: Demo): Promise<string> {
  const port = config.publicPort === 80 ? '' : `:${config.publicPort}`;
  const lines = ['', `BusinessOS is running: http://localhost${port}`, ''];
  for (const { id, slug, name, plan } of tenants) {
    const [owner] = await identity.withTenant(
      id,
      's:demo',
      async () => (await identity.query<{ person_id: string; role: string }>(OWNER)).rows,
    );
    const address = `http://${slug}.${config.baseDomain}${port}`;
    lines.push(`${name} (${plan})  ${address}`);
    if (owner) {
      const token = tenantToken(
        config,
        { personId: owner.person_id, tenantId: id, role: owner.role },
        TOKEN_MINUTES * 60,
      );
      lines.push(`  curl -H 'Authorization: Bearer ${token}' '${address}/v1/contacts?limit=3&sort=name'`);
    }
    lines.push('');
  }
  if (tenants.length > 0)
    lines.push(`The tokens are good for ${TOKEN_MINUTES} minutes; ./bos token --tenant nordwind gives another.`);
  else lines.push('The database is not empty, so no demo was seeded; ./bos tenant list shows what is there.');
  lines.push(
    `API description   http://localhost${port}/openapi.json`,
    `Data              ${config.dataDir}${database.embedded ? ` (PostgreSQL on port ${database.embedded.port}${database.embedded.dataDirectory.startsWith(config.dataDir) ? '' : `, its files in ${database.embedded.dataDirectory}`})` : ''}`,
    ...database.weaker.map((weak) => `Weaker mode       ${weak}`),
    'Stop              Ctrl-C',
    `Start afresh      stop, then rm -rf ${quoted(config.dataDir)}`,
    '',
  );
  return lines.join('\n');
}

const OWNER = {
  text: "select person_id, role from identity.memberships where role = 'owner' order by joined_at limit 1",
  values: [],
  label: 'demo_owner',
};

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
