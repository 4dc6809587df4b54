import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { OnboardingRequest, Plan, Role, RouteKey, Tenant } from '@businessos/contract';
import type { TestDatabase } from '@businessos/tenancy/testing';
import type { Config } from '../src/config.ts';
import { migrations, productLogins, setupSql } from '../src/database.ts';
import { memberToken, operatorToken } from '../src/identity/tokens.ts';
import { createLog, type Running, startServer } from '../src/start.ts';
import { type Answer, type CallInput, callRoute } from './client.ts';

/** A server on a database of its own, in this process. */
export interface TestServer extends Running {
  config: Config;
  db: TestDatabase;
  /** What it logged so far, one JSON line each. */
  lines: string[];
  /** A token of an operator, good for an hour. */
  operator: string;
  /** Calls a route as the operator. */
  operate<K extends RouteKey>(route: K, input?: CallInput): Promise<Answer<K>>;
}

/** A tenant made by the real onboarding; `marker` is in its slug, its names and its owner's address. */
export interface TestTenant {
  id: string;
  slug: string;
  marker: string;
  ownerId: string;
  host: string;
  token: string;
  tokenFor(role: Role, personId?: string): string;
  /** Calls a route on the tenant's own host with its owner's token, unless the input says otherwise. */
  call<K extends RouteKey>(route: K, input?: CallInput): Promise<Answer<K>>;
}

export interface HarnessOptions {
  config?: Partial<Config>;
  /** Lock timeout of the server's sessions. */
  lockTimeoutMs?: number;
  /** Where the server finds its database, when a test stands in between. */
  databasePort?: number;
  /** Another build of the server, for tests that break it on purpose. */
  start?: typeof startServer;
}

const HOUR = 3_600;
const running: (() => Promise<void>)[] = [];
after(async () => {
  for (const stop of running.reverse()) await stop();
});
// loaded behind that hook, since hooks run in the order they were made and a server must end before its database
const { testDatabase } = await import('@businessos/tenancy/testing');

/** Makes a configuration whose data folder is new and ends with the test file. */
function testConfig(more: Partial<Config> = {}): Config {
  const dataDir = mkdtempSync(join(tmpdir(), 'bos-server-'));
  running.unshift(async () => rmSync(dataDir, { recursive: true, force: true }));
  return {
    dataDir,
    port: 0,
    publicPort: 0,
    baseDomain: 'bos.localhost',
    region: 'eu',
    production: false,
    databaseUrl: undefined,
    acceptPostgres: undefined,
    trustProxy: [],
    smtpUrl: undefined,
    mailFrom: 'no-reply@bos.localhost',
    logLevel: 'trace',
    connections: 5,
    multiplexed: 3,
    ...more,
  };
}

/** Starts the real server on a migrated database of its own; both end with the test file. */
export async function startTestServer(options: HarnessOptions = {}): Promise<TestServer> {
  const db = await testDatabase({ migrations: [migrations], setupSql: [setupSql], logins: productLogins });
  return await startOn(db, options);
}

/** Starts one more server on a database that another test server uses already. */
export async function startOn(db: TestDatabase, options: HarnessOptions = {}): Promise<TestServer> {
  const { lockTimeoutMs, databasePort, start = startServer } = options;
  const config = testConfig(options.config);
  mkdirSync(join(config.dataDir, 'keys'));
  writeFileSync(join(config.dataDir, 'keys/seal.json'), JSON.stringify(db.sealKeys));
  // the servers of one database are one installation, so they have one root key
  const root = createHash('sha256').update(db.name).digest('base64');
  writeFileSync(join(config.dataDir, 'keys/root.json'), JSON.stringify({ test: root }), { mode: 0o600 });
  const lines: string[] = [];
  const log = createLog(config, { write: (line: string) => void lines.push(line.trimEnd()) });
  const connection = (role: string) => ({
    ...db.connection(role),
    ...(lockTimeoutMs && { lockTimeoutMs }),
    ...(databasePort && { port: databasePort }),
  });
  const started = await start(config, { log, database: { connection, embedded: undefined, weaker: [] } });
  running.push(started.stop);
  const operator = operatorToken(started.platform.people.keys, HOUR);
  return {
    ...started,
    config,
    db,
    lines,
    operator,
    operate: (route, input) =>
      callRoute(started.port, route, { host: `operator.bos.localhost:${started.port}`, token: operator, ...input }),
  };
}

/** A word that occurs nowhere else, made of what slugs may hold. */
export function newMarker(): string {
  return `q${randomBytes(5).toString('hex')}z`;
}

/** What onboarding takes, with the marker in every text. */
export function onboardingOf(marker: string, plan: Plan = 'pro'): OnboardingRequest {
  return {
    slug: `t-${marker}`,
    name: `Firm ${marker}`,
    region: 'eu',
    plan,
    config: { providers: [], locale: 'en', time_zone: 'UTC', factor_required: false },
    owner: { email: `owner-${marker}@mail.example`, name: `Owner ${marker}` },
  };
}

/** Onboards a tenant over HTTP. */
export async function onboardTenant(server: TestServer, agent?: Agent): Promise<TestTenant> {
  const marker = newMarker();
  const answer = await server.operate('POST /v1/operator/tenants', { body: onboardingOf(marker), key: randomUUID() });
  return await asTenant(server, answer.ok, marker, agent);
}

/** Gives a tenant that exists the means to call the server. */
export async function asTenant(
  server: TestServer,
  { id, slug }: Pick<Tenant, 'id' | 'slug'>,
  marker: string,
  agent?: Agent,
): Promise<TestTenant> {
  const { rows } = await server.db.admin.query<{ person_id: string }>(
    'select person_id from identity.memberships where tenant_id = $1',
    [id],
  );
  const ownerId = rows[0]?.person_id ?? randomUUID();
  const host = `${slug}.bos.localhost:${server.port}`;
  const { feed, keys } = server.platform.people;
  const login = rows[0] && (await loginOf(server, ownerId));
  const tokenFor = (role: Role, personId = ownerId) => {
    const loginId = personId === ownerId ? login : undefined;
    return memberToken(keys, { tenantId: id, personId, role, loginId, ...feed.head }, HOUR);
  };
  const token = tokenFor('owner');
  return {
    id,
    slug,
    marker,
    ownerId,
    host,
    token,
    tokenFor,
    call: (route, input) => callRoute(server.port, route, { host, token, ...(agent && { agent }), ...input }),
  };
}

/** Makes a sign-in of a person, as if the password had been shown just now. */
async function loginOf({ db }: TestServer, personId: string): Promise<string> {
  const { rows } = await db.admin.query<{ id: string }>(
    `insert into identity.logins (person_id, kind, device, address, expires_at)
     values ($1, 'token', 'test', '127.0.0.1', now() + interval '1 day') returning id`,
    [personId],
  );
  return (rows[0] as { id: string }).id;
}

/** Counts the rows of every table that HTTP can write to, over all tenants. */
export async function countRows({ db }: Pick<TestServer, 'db'>): Promise<Record<string, number>> {
  const tables = [
    'crm.companies',
    'crm.contacts',
    'server.idempotency',
    'identity.persons',
    'identity.person_tenants',
    'identity.memberships',
    'tenancy.homes',
    'directory.placements',
    'control.tenants',
    'control.onboardings',
  ];
  const text = tables.map((name) => `select '${name}' as name, count(*)::int as rows from ${name}`).join(' union all ');
  const { rows } = await db.admin.query<{ name: string; rows: number }>(text);
  return Object.fromEntries(rows.map((row) => [row.name, row.rows]));
}
