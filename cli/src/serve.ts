import {
  createLog,
  DEMO_PASSWORD,
  mintToken,
  type Platform,
  readConfig,
  seedDemo,
  startServer,
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
      '\nExample:\n  PORT=8080 bos serve --demo\n\nSettings: PORT, BOS_DATA, BOS_BASE_DOMAIN, BOS_PUBLIC_PORT, BOS_REGION, DATABASE_URL, SMTP_URL,\n  BOS_MAIL_FROM, TRUST_PROXY, LOG_LEVEL',
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
            return seeded;
          },
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
      if (demo) say(await screen(running.platform, seeded));
      else log.info({ port: running.port, weaker: running.platform.database.weaker }, 'serving');
    });
}

/** The one screen of `npm start`: addresses, a ready line for each, where data lies, how to stop and to reset. */
async function screen(platform: Platform, tenants: Demo): Promise<string> {
  const { config, database, origin } = platform;
  const base = `http://localhost${config.publicPort === 80 ? '' : `:${config.publicPort}`}`;
  const lines = ['', `BusinessOS is running: ${base}`, ''];
  for (const { slug, name, plan } of tenants) {
    const address = origin(slug);
    const token = await mintToken(platform, slug, TOKEN_MINUTES * 60);
    lines.push(
      `${name} (${plan})  ${address}`,
      `  curl -H 'Authorization: Bearer ${token}' '${address}/v1/contacts?limit=3&sort=name'`,
      '',
    );
  }
  const [first] = tenants[0]?.people ?? [];
  if (first !== undefined)
    lines.push(
      `Sign in at any of them, as ${first.email} for instance; the password of all is ${DEMO_PASSWORD}`,
      `The tokens are good for ${TOKEN_MINUTES} minutes; ./bos token --tenant nordwind gives another.`,
      '',
    );
  else lines.push('The database is not empty, so no demo was seeded; ./bos tenant list shows what is there.', '');
  lines.push(
    `Create a business ${origin('id')}/signup`,
    ...(config.smtpUrl === undefined ? [`Mails             ${origin('id')}/outbox`] : []),
    `API               ${origin('api')}/docs and ${base}/openapi.json`,
    `Data              ${config.dataDir}${database.embedded ? ` (PostgreSQL on port ${database.embedded.port}${database.embedded.dataDirectory.startsWith(config.dataDir) ? '' : `, its files in ${database.embedded.dataDirectory}`})` : ''}`,
    ...database.weaker.map((weak) => `Weaker mode       ${weak}`),
    'Stop              Ctrl-C',
    `Start afresh      stop, then rm -rf ${quoted(config.dataDir)}`,
    '',
  );
  return lines.join('\n');
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
