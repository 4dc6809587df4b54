import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, migrateDatabase, readConfig, setUp } from '@businessos/server';
import { startEmbedded } from '@businessos/tenancy/embedded';
import pg from 'pg';

const PRODUCT = 'businessos';
/** Login of the contenders that know nothing of tenants: plain rights on the tables, owns nothing. */
const PLAIN_ROLE = 'bench_plain';
const PLAIN_PASSWORD = 'bench';

/** A tenant of the stage. */
export interface StageTenant {
  id: string;
  slug: string;
}

/** A PostgreSQL of its own with the product's schema, for one bench. */
export interface Stage {
  /** Of the product's own programs; names the database of the stage. */
  config: Config;
  /** A superuser's client in the product's database. */
  admin: pg.Client;
  postgres: string;
  /**
   * Copies the product's database, page by page, and takes the guards off: the same rows and indexes without row
   * security, or under the usual policy on a plain setting. Returns how the plain role connects.
   */
  copy(guard: 'none' | 'usual policy'): Promise<pg.PoolConfig>;
  /** Stops PostgreSQL and removes its data. */
  end(): Promise<void>;
}

/** Starts PostgreSQL in a temporary folder with its default settings (fsync on) and migrates the product's schema. */
export async function openStage(say: (line: string) => void): Promise<Stage> {
  const dataDir = mkdtempSync(join(tmpdir(), 'bos-bench-'));
  const remove = () => rmSync(dataDir, { recursive: true, force: true });
  say('starting PostgreSQL');
  const embedded = await startEmbedded({ dataDir, settings: { shared_buffers: '128MB' } }).catch((error: unknown) => {
    remove();
    throw error;
  });
  const open: pg.Client[] = [];
  const connect = async (database: string) => {
    const client = new pg.Client({ connectionString: urlOf(embedded.adminUrl, database) });
    client.on('error', () => {});
    await client.connect();
    open.push(client);
    return client;
  };
  const end = async () => {
    await Promise.all(open.map((client) => client.end().catch(() => {})));
    await embedded.stop();
    remove();
  };
  try {
    const config: Config = {
      ...readConfig({}),
      dataDir,
      port: 0,
      databaseUrl: new URL(`postgres://127.0.0.1:${embedded.port}/${PRODUCT}`),
    };
    await setUp(config, embedded.adminUrl, PRODUCT);
    await migrateDatabase(config, () => {});
    const admin = await connect(PRODUCT);
    const { rows } = await admin.query<{ version: string }>("select current_setting('server_version') as version");
    await admin.query(`create role ${PLAIN_ROLE} login password '${PLAIN_PASSWORD}'`);
    return {
      config,
      admin,
      postgres: rows[0]?.version ?? '',
      end,
      copy: async (guard) => {
        const database = guard === 'none' ? 'plain' : 'usual';
        const elsewhere = await connect('postgres');
        await elsewhere.query(
          `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '${PRODUCT}' and pid <> $1`,
          [0],
        );
        await elsewhere.query(`create database ${database} template ${PRODUCT} strategy file_copy`);
        await (await connect(database)).query(unguarded(guard));
        return { host: '127.0.0.1', port: embedded.port, database, user: PLAIN_ROLE, password: PLAIN_PASSWORD };
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}
