import { createTenancy, type SealKeys } from '@businessos/tenancy';
import pg from 'pg';
import type { StageTenant } from './load.ts';
import type { Operation } from './operations.ts';

/** One way to ask PostgreSQL for a tenant's rows. */
export interface Contender {
  about: string;
  run(operation: Operation, tenant: StageTenant): Promise<pg.QueryResult>;
  end(): Promise<void>;
}

const CONNECTIONS = 8;
const SHARED = 4;
const PRINCIPAL = 'u:00000000-0000-4000-8000-000000000001';

/** Our kernel with every guard on; each query in a scope of its own, as a request has one. */
export async function scoped(
  connection: Parameters<typeof createTenancy>[0]['connection'],
  sealKeys: SealKeys,
  multiplexed: number,
): Promise<Contender> {
  const tenancy = await createTenancy({ connection, sealKeys, connections: CONNECTIONS, multiplexed });
  return {
    about:
      multiplexed === 0
        ? `ours: tenancy.query through ${CONNECTIONS} leased connections`
        : `ours: reads multiplexed over ${multiplexed} connections, writes through ${CONNECTIONS} leased ones`,
    run: (operation, tenant) => tenancy.withTenant(tenant.id, PRINCIPAL, () => tenancy.query(operation.scoped(tenant))),
    end: () => tenancy.end(),
  };
}

/** The fastest that pg does by itself: one prepared statement that names the tenant, on the table without row security. */
export function bare(config: pg.PoolConfig): Contender {
  const pool = new pg.Pool({ ...config, max: CONNECTIONS });
  return {
    about: `bare: prepared where tenant_id = $1 through pg.Pool of ${CONNECTIONS}, no row security`,
    run: (operation, tenant) => pool.query(operation.plain(tenant)),
    end: () => pool.end(),
  };
}

/** The same over few connections of pg in pipeline mode. */
export async function barePipelined(config: pg.PoolConfig): Promise<Contender> {
  const clients = Array.from({ length: SHARED }, () => new pg.Client({ ...config, pipeline: true } as pg.ClientConfig));
  await Promise.all(clients.map((client) => client.connect()));
  let turn = 0;
  return {
    about: `bare pipelined: the same over ${SHARED} connections of pg in pipeline mode`,
    run: (operation, tenant) => (clients[turn++ % SHARED] as pg.Client).query(operation.plain(tenant)),
    end: async () => {
      await Promise.all(clients.map((client) => client.end()));
    },
  };
}

/** What is usually done: four awaited round trips under a policy on a plain setting. */
export function awaited(config: pg.PoolConfig): Contender {
  const pool = new pg.Pool({ ...config, max: CONNECTIONS });
  return {
    about: `awaited: BEGIN, set_config, query, COMMIT, each awaited, through pg.Pool of ${CONNECTIONS}; the usual policy tenant_id = current_setting('app.tenant_id')::uuid`,
    run: async (operation, tenant) => {
      const client = await pool.connect();
      try {
        await client.query('begin');
        await client.query("select set_config('app.tenant_id', $1, true)", [tenant.id]);
        const result = await client.query(statementOf(operation, tenant));
        await client.query('commit');
        return result;
      } finally {
        client.release();
      }
    },
    end: () => pool.end(),
  };
}

/** The policy filters what is read and changed; only a new row has to name its tenant. */
function statementOf(operation: Operation, tenant: StageTenant): pg.QueryConfig {
  if (operation.name.startsWith('insert')) return operation.plain(tenant);
  const { text, values, label } = operation.scoped(tenant);
  return { name: label ?? '', text, values: [...values] };
}
