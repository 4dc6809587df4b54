import { SealRing, type TestDatabase, testDatabase } from '@businessos/tenancy/testing';
import pg from 'pg';
import { migrations, productLogins, setupSql } from '../../src/database.ts';
import { globals, samples } from './rows.ts';

/** The product's database with two tenants that own rows with identical ids, each text holding its tenant's marker. */
export interface Stage {
  db: TestDatabase;
  a: string;
  b: string;
  seals: SealRing;
  marker(tenant: string): string;
  /** The tables that hold tenants' rows, from the live catalog. */
  tenantTables(): Promise<string[]>;
  /** Hash over a tenant's rows of all tenant tables, with their physical place: changes with any write. */
  fingerprint(tenant: string): Promise<string>;
  /** A raw connection of a login role, as if no gate stood before it. */
  connect(role: string): Promise<pg.Client>;
}

/** What a raw statement gave: its rows and count, or the SQLSTATE. */
export interface Outcome {
  state: string;
  count: number;
  text: string;
}

/** Makes the stage; `alone` where the test changes roles. */
export async function openStage(alone = false): Promise<Stage> {
  const db = await testDatabase({ migrations: [migrations], setupSql: [setupSql], logins: productLogins, alone });
  const [a, b] = db.tenants;
  const seals = new SealRing(db.sealKeys);
  const marker = (tenant: string) => `canary-${tenant}`;
  for (const text of globals) await db.admin.query(text);
  for (const tenant of [a, b]) {
    for (const [table, { row }] of Object.entries(samples)) {
      if (row === undefined) continue;
      const values: Record<string, unknown> = { tenant_id: tenant, ...row(marker(tenant), 1) };
      const names = Object.keys(values);
      await db.admin.query(
        `insert into ${table} (${names.join(', ')}) values (${names.map((_, at) => `$${at + 1}`).join(', ')})`,
        Object.values(values),
      );
    }
  }
  const tenantTables = async () => (await db.admin.query<{ name: string }>(TENANT_TABLES)).rows.map(({ name }) => name);
  return {
    db,
    a,
    b,
    seals,
    marker,
    tenantTables,
    fingerprint: async (tenant) => {
      const parts = (await tenantTables()).map(
        (table) =>
          `select '${table}' as t, coalesce(string_agg(r::text || r.ctid || r.xmin, '|' order by r::text), '') as h from ${table} r where tenant_id = $1`,
      );
      const { rows } = await db.admin.query<{ h: string }>(
        `select md5(string_agg(t || h, '#' order by t)) as h from (${parts.join(' union all ')}) x`,
        [tenant],
      );
      return rows[0]?.h ?? '';
    },
    connect: async (role) => {
      const client = new pg.Client(db.connection(role) as pg.ClientConfig);
      client.on('error', () => {});
      await client.connect();
      return client;
    },
  };
}

const TENANT_TABLES = `
  select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
    and not exists (select from tenancy.exempt e where e.relation = n.nspname || '.' || c.relname) order by 1`;

/** Opens a transaction under a seal (or none), runs the statement, and takes everything back. */
export async function attempt(
  client: pg.Client,
  seals: { tenant?: string; principal?: string },
  text: string,
  values: unknown[] = [],
): Promise<Outcome> {
  await client.query('begin');
  try {
    await client.query(
      "select set_config('app.current_tenant_id', $1, true), set_config('app.current_principal', $2, true)",
      [seals.tenant ?? '', seals.principal ?? ''],
    );
    const { rowCount, rows } = await client.query(text, values);
    return { state: 'ok', count: rowCount ?? 0, text: JSON.stringify(rows) };
  } catch (error) {
    const { code = 'lost', message } = error as { code?: string; message: string };
    return { state: code, count: 0, text: message };
  } finally {
    await client.query('rollback').catch(() => {});
  }
}
