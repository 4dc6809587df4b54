import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, migrateDatabase, readConfig, setUp } from '@businessos/server';
import type { SealKeys } from '@businessos/tenancy';
import { startEmbedded } from '@businessos/tenancy/embedded';
import pg from 'pg';

const PRODUCT = 'businessos';
/** Login of the contenders that know nothing of tenants: plain rights on the tables, owns nothing. */
const PLAIN = { user: 'bench_plain', password: 'bench' };

/** A PostgreSQL of its own with the product's schema, for one bench. */
export interface Stage {
  /** Of the product's own programs; names the database of the stage. */
  config: Config;
  /** A superuser's client, connected beside the product's database. */
  admin: pg.Client;
  /** The server's version. */
  postgres: string;
  /** Runs the work as a superuser in the product's database. */
  inProduct<T>(work: (client: pg.Client) => Promise<T>): Promise<T>;
  /**
   * Copies the product's database, to which nobody may be connected, and takes the guards off: the same rows and
   * indexes without row security, or under the usual policy on a plain setting. Returns how to connect.
   */
  copy(guard: 'none' | 'usual policy'): Promise<pg.PoolConfig>;
  /** Stops PostgreSQL and removes its data. */
  end(): Promise<void>;
}

/** Starts PostgreSQL in a temporary folder with its default settings (fsync on) and migrates the product's schema. */
export async function openStage(say: (line: string) => void): Promise<Stage> {
  const dataDir = mkdtempSync(join(tmpdir(), 'bos-bench-'));
  chmodSync(dataDir, 0o711); // root runs PostgreSQL as another user, who has to enter it
  const remove = (...places: string[]) => {
    for (const place of [...places, dataDir]) rmSync(place, { recursive: true, force: true });
  };
  say('starting PostgreSQL');
  const embedded = await startEmbedded({ dataDir, settings: { shared_buffers: '128MB' } }).catch((error: unknown) => {
    remove();
    throw error;
  });
  const inDatabase = async <T>(database: string, work: (client: pg.Client) => Promise<T>) => {
    const client = await connect(embedded.adminUrl, database);
    return await work(client).finally(() => client.end());
  };
  const close = async () => {
    await embedded.stop();
    remove(embedded.dataDirectory); // elsewhere, where that user cannot enter the system's temporary folder
  };
  try {
    const config = readConfig({
      BOS_DATA: dataDir,
      DATABASE_URL: `postgres://127.0.0.1:${embedded.port}/${PRODUCT}`,
      PORT: '0',
    });
    await setUp(config, embedded.adminUrl, PRODUCT);
    await migrateDatabase(config, () => {});
    const admin = await connect(embedded.adminUrl, 'postgres');
    const { rows } = await admin.query<{ version: string }>("select current_setting('server_version') as version");
    await admin.query(`create role ${PLAIN.user} login password '${PLAIN.password}'`);
    return {
      config,
      admin,
      postgres: rows[0]?.version ?? '',
      inProduct: (work) => inDatabase(PRODUCT, work),
      copy: async (guard) => {
        const database = guard === 'none' ? 'plain' : 'usual';
        await admin.query(`create database ${database} template ${PRODUCT}`);
        await inDatabase(database, (client) => client.query(withoutGuards(guard)));
        return { host: '127.0.0.1', port: embedded.port, database, ...PLAIN };
      },
      end: async () => {
        await admin.end();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function connect(adminUrl: string, database: string): Promise<pg.Client> {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  const client = new pg.Client(url.href);
  client.on('error', () => {});
  await client.connect();
  return client;
}

function withoutGuards(guard: 'none' | 'usual policy'): string {
  const own = "tenant_id = current_setting('app.tenant_id')::uuid";
  const tables = ['crm.companies', 'crm.contacts'].map((table) => {
    const off = `
      drop policy floor on ${table}; drop policy tenant_isolation on ${table}; drop policy fence on ${table};
      alter table ${table} no force row level security, disable row level security, alter tenant_id drop default;
      grant select, insert, update, delete on ${table} to ${PLAIN.user};`;
    if (guard === 'none') return off;
    return `${off}
      create policy usual on ${table} using (${own}) with check (${own});
      alter table ${table} enable row level security;`;
  });
  return `grant usage on schema crm to ${PLAIN.user};${tables.join('')}`;
}

/** The keys that sign seals for the stage's database. */
export function sealKeysOf({ dataDir }: Config): SealKeys {
  return JSON.parse(readFileSync(join(dataDir, 'keys/seal.json'), 'utf8')) as SealKeys;
}
