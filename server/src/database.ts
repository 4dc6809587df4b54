import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from '@businessos/tenancy';
import { checkDatabase, type MigrationSet, migrate, setup, weakerModeOf } from '@businessos/tenancy/admin';
import { type Embedded, startEmbedded } from '@businessos/tenancy/embedded';
import { type Config, ConfigError } from './config.ts';
import { clusterFile, findFile, keepFile, type RoleFile, sealKeys } from './key-files.ts';

/** The product's own migrations, after the kernel's. */
export const migrations: MigrationSet = { room: 'server', directory: new URL('../sql/', import.meta.url) };
/** What an admin runs for the product beside the kernel's setup, and the login role it makes. */
export const setupSql = readFileSync(new URL('../sql/setup.sql', import.meta.url), 'utf8');
export const productLogins = ['bos_identity'];

/** Roles of the running server; the migrator's password lies in a file of its own, which a server never reads. */
const SERVER_ROLES = ['bos_app', 'bos_control', 'bos_identity'];
const DATABASE = 'businessos';

/** A database that is set up; `connection` gives the options of one login role. */
export interface Database {
  connection(role: string): ConnectionOptions;
  /** The embedded server, when this process runs or adopted it. */
  embedded: Embedded | undefined;
  /** What the server does not enforce because the admin was no superuser. */
  weaker: string[];
}

/**
 * Opens the database of the configuration. The embedded one is started (or adopted), set up and migrated; an existing
 * one must have been set up, and is neither changed nor asked for an admin's password.
 */
export async function openDatabase(config: Config, log: (line: string) => void): Promise<Database> {
  if (config.databaseUrl !== undefined) {
    const roles = findFile<RoleFile>(config.dataDir, 'roles.json');
    if (roles === undefined)
      throw new ConfigError(
        `no roles are known in ${config.dataDir}: run \`bos setup --admin-url postgres://admin@host/database\` first`,
      );
    const connection = connections(config, roles);
    if (config.production) await refuseOldServer(config, connection('bos_app'));
    return { connection, embedded: undefined, weaker: await weakerModeOf(connection('bos_app')) };
  }
  if (config.production) {
    throw new ConfigError(
      'NODE_ENV=production needs DATABASE_URL: the embedded PostgreSQL is for trying out and lags security releases',
    );
  }
  const embedded = await startEmbedded({ dataDir: config.dataDir, log });
  const { weaker } = await setUp(config, embedded.adminUrl, DATABASE);
  await migrateDatabase(config, log);
  const roles = findFile<RoleFile>(config.dataDir, 'roles.json') as RoleFile;
  return { connection: connections(config, roles), embedded, weaker };
}

/** In production a server with known holes in row security is refused, unless its version is accepted by name. */
async function refuseOldServer({ acceptPostgres }: Config, connection: ConnectionOptions): Promise<void> {
  const old = (await checkDatabase(connection, [connection.user])).find(({ id }) => id === 'L35');
  if (old === undefined || old.object === `PostgreSQL ${acceptPostgres}`) return;
  throw new ConfigError(
    `${old.object} is ${old.detail}: ${old.fix}, or accept it by name with BOS_ACCEPT_POSTGRES=${old.object.replace('PostgreSQL ', '')}`,
  );
}

/** Makes roles, rights and database with an admin's credential, and keeps the roles' passwords in the data folder. */
export async function setUp(
  config: Config,
  adminUrl: string,
  database?: string,
): Promise<{ weaker: string[]; database: string }> {
  const [kept, migrator] = [
    findFile<RoleFile>(config.dataDir, 'roles.json'),
    findFile<RoleFile>(config.dataDir, 'migrator.json'),
  ];
  const done = await setup({
    adminUrl,
    ...(database !== undefined && { database }),
    more: [setupSql],
    logins: productLogins,
    passwords: { ...kept?.passwords, ...migrator?.passwords },
  });
  const only = (names: string[]) =>
    Object.fromEntries(Object.entries(done.passwords).filter(([role]) => names.includes(role)));
  const place = { host: done.host, port: done.port, database: done.database };
  keepFile(config.dataDir, 'roles.json', { ...place, passwords: only(SERVER_ROLES) } satisfies RoleFile);
  keepFile(config.dataDir, 'migrator.json', { ...place, passwords: only(['bos_migrator']) } satisfies RoleFile);
  return { weaker: done.weaker, database: done.database };
}

/** Brings the schema up to this program; returns the migrations that ran. */
export async function migrateDatabase(config: Config, log: (line: string) => void): Promise<string[]> {
  const roles = findFile<RoleFile>(config.dataDir, 'migrator.json');
  if (roles === undefined) throw new ConfigError(`no migrator is known in ${config.dataDir}: run \`bos setup\` first`);
  return await migrate({
    connection: connections(config, roles)('bos_migrator'),
    sets: [migrations],
    cluster: clusterFile(config.dataDir, config.region),
    sealKeys: sealKeys(config.dataDir),
    onProgress: log,
  });
}

/** Runs the work with bos_app's connection options; an embedded database that does not run is started for it, unchanged. */
export async function connectionOf<T>(config: Config, work: (connection: ConnectionOptions) => Promise<T>): Promise<T> {
  const roles = findFile<RoleFile>(config.dataDir, 'roles.json');
  if (roles === undefined)
    throw new ConfigError(`there is no database in ${config.dataDir} yet: run npm start, or bos setup`);
  if (config.databaseUrl !== undefined) return await work(connections(config, roles)('bos_app'));
  const embedded = await startEmbedded({ dataDir: config.dataDir });
  try {
    return await work({ ...connections(config, roles)('bos_app'), port: embedded.port });
  } finally {
    if (embedded.started) await embedded.stop();
  }
}

function connections(config: Config, roles: RoleFile): (role: string) => ConnectionOptions {
  const url = config.databaseUrl;
  const place =
    url === undefined ? roles : { host: url.hostname, port: Number(url.port || 5432), database: url.pathname.slice(1) };
  const sslmode = url?.searchParams.get('sslmode');
  const ssl = sslmode === 'require' ? { rejectUnauthorized: false } : sslmode === 'verify-full' ? true : undefined;
  return (role) => {
    const password = roles.passwords[role];
    if (password === undefined)
      throw new ConfigError(`the role ${role} has no password in ${config.dataDir}: run \`bos setup\` again`);
    return { host: place.host, port: place.port, database: place.database, user: role, password, ssl };
  };
}
