import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { readCatalog } from './catalog.ts';
import type { ConnectionOptions } from './connection.ts';
import { startEmbedded } from './embedded/embedded.ts';
import { runLints } from './lint.ts';
import { type MigrationSet, migrate, readMigrations } from './migrate.ts';
import type { SealKeys } from './seal.ts';
import { setup } from './setup.ts';
import { createTenancy, type Tenancy, type TenancyOptions } from './tenancy.ts';

export { SealRing } from './seal.ts';

/** What a throwaway database is made from. */
export interface TestDatabaseOptions {
  migrations?: MigrationSet[];
  /** SQL of further tables, run as one more migration behind them. */
  tables?: string;
  /** SQL that needs an admin, run at setup, and the login roles it makes. */
  setupSql?: string[];
  logins?: string[];
  /** SQL of a database that an earlier program left, loaded instead of migrating: to migrate it is the test's own act. */
  fixture?: string;
  /** An embedded server of this file's own, for tests that change roles, which belong to a whole server. */
  alone?: boolean;
}

/** A database of its own with two open tenants; dropped when the test file ends. */
export interface TestDatabase {
  readonly name: string;
  readonly adminUrl: string;
  readonly sealKeys: SealKeys;
  readonly cluster: { region: string; clusterId: string };
  /** Two open tenants that own nothing yet; of a fixture, two of its own. */
  readonly tenants: readonly [string, string];
  /** The admin's client, a superuser: for arranging a test, never for what it proves. */
  readonly admin: pg.Client;
  connection(role: string): ConnectionOptions;
  tenancy(options?: Partial<TenancyOptions>): Promise<Tenancy>;
  /** Adds a tenant in the given mode and returns its id. */
  addTenant(mode?: string): Promise<string>;
  drop(): Promise<void>;
}

const REGION = 'eu';
const CLUSTER_ID = '00000000-0000-4000-8000-0000000000c1';
const KEYS: SealKeys = { active: 'testkey1', keys: { testkey1: Buffer.alloc(32, 7).toString('base64') } };
const toDrop: (() => Promise<unknown>)[] = [];
const servers = new Map<boolean, Promise<string>>();

/**
 * Makes a migrated database from a template that is built once per content of the SQL. Uses the server of
 * `BOS_TEST_ADMIN_URL`, else starts an embedded one for this process. Needs node:test, which drops it at the end.
 */
export async function testDatabase({ tables, ...given }: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const options =
    tables === undefined ? given : { ...given, migrations: [...(given.migrations ?? []), asMigration(tables)] };
  const alone = options.alone ?? false;
  let server = servers.get(alone);
  if (server === undefined) {
    server = firstServer(alone);
    servers.set(alone, server);
  }
  const adminUrl = await server;
  const template = await ensureTemplate(adminUrl, options);
  const name = `bos_x_${randomBytes(6).toString('hex')}`;
  const passwords = await withLock(adminUrl, async (client) => {
    await client.query(`create database ${name} template ${template}`);
    return await prepare(adminUrl, name, options); // rights on a database are not copied from its template
  });
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const admin = new pg.Client(url.href);
  admin.on('error', () => {});
  await admin.connect();
  const { rows: clusters } = await admin.query('select region, cluster_id as "clusterId" from tenancy.cluster');
  const cluster = clusters[0] as TestDatabase['cluster'];
  const open: Tenancy[] = [];
  const connection = (role: string): ConnectionOptions => ({
    host: url.hostname,
    port: Number(url.port || 5432),
    database: name,
    user: role,
    password: passwords[role],
  });
  const addTenant = async (mode = 'open') => {
    const { rows } = await admin.query<{ id: string }>(
      "insert into tenancy.homes (tenant_id, region, state, mode) values (gen_random_uuid(), $1, 'home', $2) returning tenant_id as id",
      [cluster.region, mode],
    );
    return (rows[0] as { id: string }).id;
  };
  for (let n = 0; options.fixture === undefined && n < 2; n++) await addTenant();
  const { rows: tenants } = await admin.query<{ id: string }>(
    "select tenant_id as id from tenancy.homes where mode = 'open' order by id limit 2",
  );
  const drop = async () => {
    await Promise.all(open.map((tenancy) => tenancy.end()));
    await admin.end().catch(() => {});
    await withLock(adminUrl, (client) => client.query(`drop database if exists ${name} with (force)`));
  };
  toDrop.push(drop);
  return {
    name,
    adminUrl: url.href,
    sealKeys: KEYS,
    cluster,
    admin,
    tenants: tenants.map(({ id }) => id) as [string, string],
    connection,
    addTenant,
    drop,
    tenancy: async (more = {}) => {
      const tenancy = await createTenancy({
        connection: connection('bos_app'),
        control: connection('bos_control'),
        sealKeys: KEYS,
        ...more,
      });
      open.push(tenancy);
      return tenancy;
    },
  };
}

// at import, so that the hook is the file's own: one made inside a test would run at that test's end
after(async () => {
  for (const drop of toDrop.reverse()) await drop();
});

async function firstServer(alone: boolean): Promise<string> {
  const given = process.env['BOS_TEST_ADMIN_URL'];
  if (given && !alone) return given;
  // the runner stops what is left of a process that is gone, by this name
  const dataDir = mkdtempSync(join(tmpdir(), `bos-test-${process.pid}-`));
  chmodSync(dataDir, 0o711); // root runs PostgreSQL as another user, who has to enter it
  const embedded = await startEmbedded({ dataDir, settings: { fsync: 'off', max_connections: '150' } });
  toDrop.unshift(async () => {
    await embedded.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return embedded.adminUrl;
}

function asMigration(text: string): MigrationSet {
  const directory = mkdtempSync(join(tmpdir(), 'bos-tables-'));
  toDrop.push(async () => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, '0001_tables.sql'), text);
  return { room: 'test', directory: pathToFileURL(`${directory}/`) };
}

async function ensureTemplate(adminUrl: string, options: TestDatabaseOptions): Promise<string> {
  const texts = [
    ...readMigrations({ room: 'tenancy', directory: new URL('../sql/', import.meta.url) }),
    ...(options.migrations ?? []).flatMap(readMigrations),
  ];
  const hash = createHash('sha256')
    .update(JSON.stringify([options.fixture ?? texts.map(({ text }) => text), options.setupSql]))
    .digest('hex')
    .slice(0, 16);
  const template = `bos_t_${hash}`;
  await withLock(adminUrl, async (client) => {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1 and datistemplate', [
      template,
    ]);
    if (rowCount) return;
    await client.query(`drop database if exists ${template} with (force)`);
    const passwords = await prepare(adminUrl, template, options);
    const url = new URL(adminUrl);
    if (options.fixture === undefined)
      await migrate({
        connection: {
          host: url.hostname,
          port: Number(url.port || 5432),
          database: template,
          user: 'bos_migrator',
          password: passwords['bos_migrator'],
        },
        sets: options.migrations ?? [],
        cluster: { region: REGION, clusterId: CLUSTER_ID },
        sealKeys: KEYS,
      });
    else await load(url, template, options.fixture);
    await client.query(`alter database ${template} is_template true`);
  });
  return template;
}

/** Runs the text on a connection of its own, since a dump sets its session to its liking. */
async function load(server: URL, database: string, text: string): Promise<void> {
  const url = new URL(server);
  url.pathname = `/${database}`;
  const client = new pg.Client(url.href);
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** Roles are the server's, so every test process must set the same passwords. */
async function prepare(
  adminUrl: string,
  database: string,
  options: TestDatabaseOptions,
): Promise<Record<string, string>> {
  const logins = ['bos_app', 'bos_control', 'bos_migrator', ...(options.logins ?? [])];
  const passwords = Object.fromEntries(
    logins.map((role) => [role, createHash('sha256').update(`${role}@${adminUrl}`).digest('base64url')]),
  );
  const done = await setup({
    adminUrl,
    database,
    passwords,
    logins: options.logins ?? [],
    more: options.setupSql ?? [],
  });
  return done.passwords;
}

async function withLock<T>(adminUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(adminUrl);
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query('select pg_advisory_lock(7408)');
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Proves that a table shows and changes nothing of another tenant: rows with identical ids of both tenants, no scope,
 * a forged seal. `row` makes a row's own columns; it is called once and the same row is given to both tenants.
 * @throws an Error naming the relation and the case that failed.
 */
export async function expectIsolated(db: TestDatabase, relation: string, row: Record<string, unknown>): Promise<void> {
  const tenancy = await db.tenancy({ connections: 2, multiplexed: 1 });
  const [a, b] = db.tenants;
  const count = async (tenant: string) =>
    await tenancy.withTenant(tenant, 's:testing', async () =>
      Number((await tenancy.query({ text: `select count(*) from ${relation}`, values: [] })).rows[0]?.['count']),
    );
  const fail = (what: string) => {
    throw new Error(`${relation}: ${what}`);
  };
  const before = [await count(a), await count(b)];
  for (const tenant of [a, b]) {
    await tenancy
      .withTenant(tenant, 's:testing', () => tenancy.insertMany(relation, Object.keys(row), [row]))
      .catch((error: Error) => fail(`a tenant cannot add the row that the other one may have: ${error.message}`));
  }
  for (const [at, tenant] of [a, b].entries()) {
    if ((await count(tenant)) !== (before[at] ?? 0) + 1) fail('a tenant does not see exactly its own rows');
  }
  const deleted = await tenancy.withTenant(a, 's:testing', () =>
    tenancy.query({ text: `delete from ${relation}`, values: [] }),
  );
  if (deleted.rowCount !== (before[0] ?? 0) + 1)
    fail('delete without a condition reached other rows than the own ones');
  if ((await count(b)) !== (before[1] ?? 0) + 1) fail('a delete by one tenant changed the other');
  const raw = new pg.Client({ ...db.connection('bos_app') } as pg.ClientConfig);
  await raw.connect();
  try {
    for (const seal of ['', `testkey1.${a}.9999999999.${'0'.repeat(64)}`]) {
      await raw.query("select set_config('app.current_tenant_id', $1, false)", [seal]);
      const outcome = await raw.query(`select * from ${relation}`).then(
        () => 'an answer',
        (error: { code?: string }) => error.code,
      );
      if (outcome !== '42501') fail(`without a valid seal it gave ${outcome} instead of 42501`);
    }
  } finally {
    await raw.end();
  }
  const lines = await readCatalog(db.admin);
  if (lines.filter((line) => line.startsWith(`policy ${relation} `)).length !== 3)
    fail('it has not exactly the three policies');
  // what no statement of one role shows: force, grants, keys
  const findings = await runLints(db.admin, { roles: ['bos_app'] });
  const own = findings.filter(({ object, severity }) => severity === 'error' && touches(object, relation));
  if (own.length > 0) fail(own.map(({ id, detail }) => `${id} ${detail}`).join('; '));
}

/** Says whether a finding's object is the relation or something on it. */
function touches(object: string, relation: string): boolean {
  return object.split(/[^a-z0-9_.]+/).some((word) => word === relation || word.startsWith(`${relation}.`));
}
