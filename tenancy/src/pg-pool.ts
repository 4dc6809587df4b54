import type pg from 'pg';
import { RefusedError } from './errors.ts';
import type { Lease } from './lease.ts';
import type { Pool } from './pool.ts';
import { scopeOfWork } from './scope.ts';
import type { Statement } from './sql.ts';

type Config = string | (pg.QueryConfig & { rowMode?: 'array'; rows?: number });

/** What `connect()` gives: one leased connection of the scope that asked for it. */
export interface TenantClient {
  query(config: Config, values?: readonly unknown[]): Promise<pg.QueryResult>;
  release(error?: Error | boolean): void;
}

/**
 * Looks like a `pg.Pool` to `pg`'s users, Kysely and Drizzle, and takes the tenant from the scope at each call.
 * Errors are pg's own, so that code which reads SQLSTATEs keeps working. Callbacks are refused, since they would run
 * in another request's scope; so are submittables (cursors) and `rows`. The kernel owns the connections: `end()` here
 * does nothing.
 */
export class TenantPool {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  get totalCount(): number {
    return this.#pool.counters().connections;
  }

  get idleCount(): number {
    const { connections, leased } = this.#pool.counters();
    return connections - leased;
  }

  get waitingCount(): number {
    return this.#pool.counters().waiting;
  }

  async query(config: Config, values?: readonly unknown[], ...rest: unknown[]): Promise<pg.QueryResult> {
    const { statement, form } = parse(config, values, rest);
    return await asPg(this.#pool.run(scopeOfWork('pool.query'), statement, form));
  }

  async connect(...rest: unknown[]): Promise<TenantClient> {
    if (rest.length > 0) throw new RefusedError('pool.connect: callbacks lose the tenant scope; await the promise');
    const lease = await this.#pool.lease(scopeOfWork('pool.connect'));
    return new PooledClient(lease);
  }

  async end(): Promise<void> {}

  on(): this {
    return this;
  }
}

class PooledClient implements TenantClient {
  readonly #lease: Lease;

  constructor(lease: Lease) {
    this.#lease = lease;
  }

  async query(config: Config, values?: readonly unknown[], ...rest: unknown[]): Promise<pg.QueryResult> {
    const { statement, form } = parse(config, values, rest);
    return await asPg(this.#lease.query(statement, form));
  }

  release(error?: Error | boolean): void {
    if (error) this.#lease.connection.destroy();
    this.#lease.release();
  }

  on(): this {
    return this;
  }
}

function parse(
  config: Config,
  values: readonly unknown[] | undefined,
  rest: unknown[],
): { statement: Statement; form: { rowMode?: 'array'; types?: pg.CustomTypesConfig } } {
  if (rest.length > 0 || typeof values === 'function')
    throw new RefusedError('query: callbacks lose the tenant scope; await the promise');
  if (typeof config === 'string') return { statement: { text: config, values: values ?? [] }, form: {} };
  if (typeof (config as { submit?: unknown }).submit === 'function')
    throw new RefusedError('query: cursors and query streams are refused; use tenancy.stream()');
  if (config.rows !== undefined) throw new RefusedError('query: the rows option is refused; use tenancy.stream()');
  const label =
    config.name === undefined
      ? undefined
      : `u_${config.name
          .toLowerCase()
          .replace(/[^a-z0-9_]/g, '_')
          .slice(0, 50)}`;
  return {
    statement: { text: config.text, values: values ?? config.values ?? [], label },
    form: { ...(config.rowMode && { rowMode: config.rowMode }), ...(config.types && { types: config.types }) },
  };
}

async function asPg<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const cause = (error as { cause?: unknown }).cause;
    throw cause instanceof Error && 'severity' in cause ? cause : error;
  }
}
