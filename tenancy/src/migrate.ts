import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { catalogHash, readCatalog } from './catalog.ts';
import { type ConnectionOptions, clientConfig } from './connection.ts';
import { forOperator, RefusedError, TenancyError } from './errors.ts';
import { parseSealKeys, type SealKeys, sealPads } from './seal.ts';

/** A folder of numbered files `0001_name.sql`, owned by one room; the kernel's own comes first by itself. */
export interface MigrationSet {
  room: string;
  directory: URL;
}

export interface MigrateOptions {
  /** bos_migrator's connection. */
  connection: ConnectionOptions;
  sets?: MigrationSet[];
  /** This cluster's region and id; set once, refused when another is given later. */
  cluster: { region: string; clusterId: string };
  sealKeys: SealKeys;
  onProgress?: (line: string) => void;
}

export interface Migration {
  room: string;
  number: number;
  name: string;
  text: string;
  sha256: string;
  /** Hash over the whole history of the room up to here. */
  chain: string;
}

const KERNEL: MigrationSet = { room: 'tenancy', directory: new URL('../sql/', import.meta.url) };
const FILE = /^(\d{4})_([a-z0-9_]+)\.sql$/;
const LOCK = 7409;
const ATTEMPTS = 20;

/** Reads a room's migrations in order. @throws RefusedError for a gap or a doubled number. */
export function readMigrations({ room, directory }: MigrationSet): Migration[] {
  const files = readdirSync(directory)
    .filter((name) => FILE.test(name))
    .sort();
  let chain = '';
  return files.map((file, at) => {
    const [, number, name] = FILE.exec(file) as unknown as [string, string, string];
    if (Number(number) !== at + 1)
      throw new RefusedError(`migrations of ${room}: expected number ${at + 1}, found ${file}`);
    const text = readFileSync(new URL(file, directory), 'utf8');
    const sha256 = createHash('sha256').update(text).digest('hex');
    chain = createHash('sha256').update(`${chain}${sha256}`).digest('hex');
    return { room, number: at + 1, name, text, sha256, chain };
  });
}

/**
 * Brings the database to the program's schema: one file a transaction with its row in the history, under one advisory
 * lock, retried where a lock is not to be had within 2 s. Roll forward only. Then installs the seal keys and attests
 * the catalog. Returns what was applied. Safe to run at any time, also while servers work.
 * @throws TenancyError SCHEMA_NEWER when the database holds migrations this program does not know, HISTORY_DIFFERS
 * when an applied file was changed since.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const client = new pg.Client({ ...clientConfig(options.connection), statement_timeout: 0, lock_timeout: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await untilUnlocked(() => client.query('select pg_advisory_lock($1)', [LOCK]));
    const applied = await applyAll(client, options);
    await finish(client, options);
    return applied;
  } catch (error) {
    throw forOperator(error, 'migrating');
  } finally {
    await client.end().catch(() => {});
  }
}

async function applyAll(client: pg.Client, options: MigrateOptions): Promise<string[]> {
  await inTransaction(client, HISTORY);
  const { rows: history } = await client.query<{ room: string; number: number; name: string; chain: string }>(
    'select room, number, name, chain from tenancy.migrations order by room, number',
  );
  const applied: string[] = [];
  const known = [KERNEL, ...(options.sets ?? [])].flatMap(readMigrations);
  for (const row of history) {
    const file = known.find(({ room, number }) => room === row.room && number === row.number);
    if (file === undefined)
      throw new TenancyError(
        'SCHEMA_NEWER',
        `the database holds ${row.room}/${row.name}, which this program does not know; start a newer one`,
      );
    if (file.chain !== row.chain)
      throw new TenancyError(
        'HISTORY_DIFFERS',
        `migration ${row.room}/${row.name} was changed after it was applied; add a new one instead`,
      );
  }
  const done = new Set(history.map(({ room, number }) => `${room}/${number}`));
  for (const file of known.filter(({ room, number }) => !done.has(`${room}/${number}`))) {
    const label = `${file.room}/${String(file.number).padStart(4, '0')}_${file.name}`;
    options.onProgress?.(`migrating ${label}`);
    try {
      await untilUnlocked(() => inTransaction(client, file.text, file));
    } catch (error) {
      throw new TenancyError('MIGRATION_FAILED', `${label}: ${(error as Error).message}; nothing of it was kept`, {
        cause: error,
      });
    }
    applied.push(label);
  }
  return applied;
}

/** Seal keys, the cluster's row, the attestation: everything beside the schema that a server relies on. */
async function finish(client: pg.Client, { cluster, sealKeys }: MigrateOptions): Promise<void> {
  await inTransaction(client, '', undefined, async () => {
    await client.query('set local role bos_seal');
    for (const [kid, key] of parseSealKeys(sealKeys)) {
      const { ipad, opad } = sealPads(key);
      await client.query(
        'insert into seal.keys (kid, ipad, opad) values ($1, $2, $3) on conflict (kid) do update set ipad = excluded.ipad, opad = excluded.opad',
        [kid, ipad, opad],
      );
    }
    await client.query('delete from seal.keys where kid <> all ($1)', [Object.keys(sealKeys.keys)]);
    await client.query('set local role bos_owner');
    await client.query('insert into tenancy.cluster (region, cluster_id) values ($1, $2) on conflict do nothing', [
      cluster.region,
      cluster.clusterId,
    ]);
    const { rows } = await client.query<{ region: string; cluster_id: string }>(
      'select region, cluster_id from tenancy.cluster',
    );
    if (rows[0]?.region !== cluster.region || rows[0].cluster_id !== cluster.clusterId) {
      throw new TenancyError(
        'CLUSTER_DIFFERS',
        `this database is the cluster ${rows[0]?.cluster_id} of region ${rows[0]?.region}; its region cannot change`,
      );
    }
    const lines = await readCatalog(client);
    await client.query(
      `insert into tenancy.attestation (hash, lines) values ($1, $2)
       on conflict (one) do update set hash = excluded.hash, lines = excluded.lines, attested_at = now()`,
      [catalogHash(lines), lines.join('\n')],
    );
  });
}

const HISTORY = `
  create schema if not exists tenancy authorization bos_owner;
  set local role bos_owner;
  create table if not exists tenancy.migrations (
    room text, number int, name text not null, sha256 text not null, chain text not null,
    applied_at timestamptz not null default now(), primary key (room, number));
  grant usage on schema tenancy to bos_migrator;
  grant select, insert on tenancy.migrations to bos_migrator`;

async function inTransaction(
  client: pg.Client,
  text: string,
  file?: Migration,
  more?: () => Promise<void>,
): Promise<void> {
  await client.query('begin');
  try {
    if (text) await client.query(text);
    if (more) await more();
    if (file) {
      await client.query('set local role bos_migrator');
      await client.query(
        'insert into tenancy.migrations (room, number, name, sha256, chain) values ($1, $2, $3, $4, $5)',
        [file.room, file.number, file.name, file.sha256, file.chain],
      );
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

async function untilUnlocked(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== '55P03' || attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}
