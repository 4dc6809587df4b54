import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { type ConnectionOptions, clientConfig } from './connection.ts';
import { forOperator, RefusedError } from './errors.ts';

const SETUP = readFileSync(new URL('../sql/setup.sql', import.meta.url), 'utf8');

export interface SetupOptions {
  /** `postgres://admin:password@host:port/database` of an existing database, or of `postgres` with `database` given. */
  adminUrl: string;
  /** Database to create when absent. */
  database?: string;
  /** Further SQL of the product that needs an admin (its own login roles), run after the kernel's. */
  more?: string[];
  /** Login roles that get a password, with the passwords to keep; a missing one is made. */
  logins?: string[];
  passwords?: Record<string, string>;
}

export interface SetupResult {
  host: string;
  port: number;
  database: string;
  /** Role → password; give each only to the program that needs it. */
  passwords: Record<string, string>;
  /** What the server does not enforce because the admin was no superuser; empty in the full mode. */
  weaker: string[];
}

const LOGINS = ['bos_app', 'bos_control', 'bos_migrator'];
const DATABASE = /^[a-z_][a-z0-9_]{0,62}$/;

/**
 * Creates the roles, rights and the database that the product needs, once, with an admin's credential that nobody
 * keeps. Safe to run again: passwords are set to those given, else made anew.
 */
export async function setup(options: SetupOptions): Promise<SetupResult> {
  const url = new URL(options.adminUrl);
  const database = options.database ?? url.pathname.slice(1);
  if (!DATABASE.test(database)) throw new RefusedError(`database '${database}': expected a plain lower-case name`);
  if (options.database !== undefined) await createDatabase(url, database);
  const target = new URL(url);
  target.pathname = `/${database}`;
  return await asAdmin(target, async (client) => {
    await checkVersion(client);
    await client.query('begin');
    for (const text of [SETUP, ...(options.more ?? [])]) await client.query(text);
    const passwords: Record<string, string> = {};
    for (const role of [...LOGINS, ...(options.logins ?? [])]) {
      const password = options.passwords?.[role] ?? randomBytes(24).toString('base64url');
      // alter role takes no parameters, and a server may log it: only the verifier leaves this process
      const verifier = client.escapeLiteral(scramVerifier(password));
      await client.query(`alter role ${client.escapeIdentifier(role)} password ${verifier}`);
      passwords[role] = password;
    }
    await client.query('commit');
    return {
      host: url.hostname,
      port: Number(url.port || 5432),
      database,
      passwords,
      weaker: await weakerMode(client),
    };
  });
}

/** What PostgreSQL stores for a password (SCRAM-SHA-256, RFC 5802 and 7677), so that the password itself never travels. */
function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, 4_096, 32, 'sha256');
  const mac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const stored = createHash('sha256').update(mac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$4096:${salt.toString('base64')}$${stored}:${mac('Server Key').toString('base64')}`;
}

async function checkVersion(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: number }>(
    "select current_setting('server_version_num')::int as version",
  );
  const major = Math.floor((rows[0]?.version ?? 0) / 10_000);
  if (major < 15 || major > 18) throw new RefusedError(`this is PostgreSQL ${major}; 15 to 18 are supported`);
}

/** Asks as a serving role what an admin without superuser rights could not take away; empty when everything holds. */
export async function weakerModeOf(connection: ConnectionOptions): Promise<string[]> {
  const client = new pg.Client(clientConfig(connection));
  client.on('error', () => {});
  try {
    await client.connect();
    return await weakerMode(client);
  } catch (error) {
    throw forOperator(error, 'asking the database');
  } finally {
    await client.end().catch(() => {});
  }
}

async function weakerMode(client: Pick<pg.ClientBase, 'query'>): Promise<string[]> {
  const { rows } = await client.query<{ weak: string }>(`
    select 'bos_app may use the language ' || l || ': against poisoned prepared names the statement gate is the only guard' as weak
      from unnest('{plpgsql,sql}'::text[]) l where has_language_privilege('bos_app', l, 'usage')
    union all select 'bos_app may call ' || f || ': one tenant can disturb others' from unnest(
      '{pg_advisory_lock(bigint),pg_notify(text\\,text),pg_terminate_backend(integer\\,bigint),lo_create(oid)}'::text[]) f
      where has_function_privilege('bos_app', f, 'execute')`);
  return rows.map(({ weak }) => weak);
}

async function createDatabase(url: URL, database: string): Promise<void> {
  await asAdmin(url, async (client) => {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`);
  });
}

async function asAdmin<T>(url: URL, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url.href,
    application_name: 'bos setup',
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw forOperator(error, 'setting the database up');
  } finally {
    await client.end().catch(() => {});
  }
}
