import type pg from 'pg';
import { attest } from './attest.ts';
import type { ConnectionOptions } from './connection.ts';
import { TenancyError } from './errors.ts';
import { checkStatement } from './gate.ts';
import { insertStatements } from './insert.ts';
import type { QueryForm } from './lease.ts';
import { TenantPool } from './pg-pool.ts';
import { Pool, type PoolCounters } from './pool.ts';
import { Privileged, type Unscoped } from './privileged.ts';
import { probe } from './probe.ts';
import {
  currentScope,
  findScope,
  makeScope,
  refuseOthers,
  runInScope,
  runUnscoped,
  type Scope,
  scopeOfMaking,
  scopeOfWork,
} from './scope.ts';
import { wireValues } from './scoped-query.ts';
import { type SealKeys, SealRing } from './seal.ts';
import { type Statement, sql } from './sql.ts';
import { checkBatch, streamRows } from './stream.ts';
import {
  isSerialization,
  type Querier,
  runTransaction,
  type Transaction,
  type TransactionOptions,
} from './transaction.ts';

export interface TenancyOptions {
  /** The scoped role (bos_app or another that attestation covers). */
  connection: ConnectionOptions;
  /** Keys that sign seals; `migrate` installs their pads in the database. */
  sealKeys: SealKeys;
  /** The control role, for `privileged` and `withEachTenant`. */
  control?: ConnectionOptions;
  connections?: number;
  multiplexed?: number;
  perTenant?: number;
  maxWaiting?: number;
  maxWaitMs?: number;
  /** False for proxies that forbid named statements. */
  prepare?: boolean;
  /** Called with the reason of each privileged act. */
  onPrivileged?: (reason: string) => void;
}

export interface ScopeOptions {
  requestId?: string;
}

/** Runs work for tenants; see `createTenancy`. */
export interface Tenancy extends Querier {
  /** Runs the callback for one tenant and principal. @throws ScopeSwitchError inside another tenant's scope. */
  withTenant<T>(
    tenantId: string,
    principal: string,
    callback: () => T | Promise<T>,
    options?: ScopeOptions,
  ): Promise<T>;
  /** Returns the active scope. @throws NoTenantError. */
  currentScope(): Scope;
  /** Runs the callback for every open tenant (or the given ones), `concurrency` at a time; collects errors. */
  withEachTenant(
    principal: string,
    callback: (tenantId: string) => Promise<void>,
    options?: { concurrency?: number; tenants?: readonly string[] },
  ): Promise<{ done: number; failed: { tenantId: string; error: unknown }[] }>;
  /** Runs unscoped statements of the control role; the reason is logged. A door: list the file in the doors test. */
  privileged<T>(reason: string, callback: (db: Unscoped) => Promise<T>): Promise<T>;
  /**
   * Runs one statement, autocommitted, in one round trip. An abort rejects at once and cancels on the server; a quick
   * read that shares its connection is only waited for no longer.
   */
  query<R extends pg.QueryResultRow = pg.QueryResultRow>(
    statement: Statement,
    form?: QueryForm & { signal?: AbortSignal },
  ): Promise<pg.QueryResult<R>>;
  /** Runs the callback in one transaction; rolled back on any error. */
  transaction<T>(callback: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * Yields rows in batches of `batch` (1 to 10,000; 500 by default), holding one batch at a time. It belongs to the
   * scope that called it; read in another tenant's scope it is an error.
   */
  stream<R extends pg.QueryResultRow = pg.QueryResultRow>(
    statement: Statement,
    options?: { batch?: number; signal?: AbortSignal },
  ): AsyncGenerator<R>;
  /** Inserts rows of exactly these columns, all or none; returns the count. */
  insertMany(table: string, columns: readonly string[], rows: readonly Record<string, unknown>[]): Promise<number>;
  /** Returns PostgreSQL's plan (format json) of a scoped statement; `analyze` runs it and rolls back. */
  explain(statement: Statement, options?: { analyze?: boolean }): Promise<Record<string, unknown>>;
  /**
   * Proves over every tenant table that this tenant sees no other, the neighbour does not see it, and nothing is seen
   * without a valid seal. @throws TenancyError PROBE_FAILED.
   */
  probe(tenantId: string, neighbour: string | undefined): Promise<void>;
  /** A `pg.Pool` lookalike whose queries take the tenant from the scope, for `pg`, Kysely and Drizzle. */
  readonly pool: TenantPool;
  /** Signs with other keys from now on. */
  rotateSealKeys(keys: SealKeys): void;
  counters(): PoolCounters;
  /** What one tenant has running and waiting, and the average milliseconds of its turns. */
  load(tenantId: string): { running: number; waiting: number; costMs: number };
  /** Lets running work finish, then closes every connection. */
  end(): Promise<void>;
}

/**
 * Opens the kernel on a database whose catalog is exactly the migrated one; nothing runs for a tenant unless
 * PostgreSQL itself verified the sealed scope.
 * @throws AttestationError when role, grants, policies or functions differ, or the clocks are 60 s apart.
 */
export async function createTenancy(options: TenancyOptions): Promise<Tenancy> {
  await attest(options.connection);
  const seals = new SealRing(options.sealKeys);
  const connections = options.connections ?? 8;
  const pool = new Pool({
    connection: options.connection,
    seals,
    connections,
    multiplexed: options.multiplexed ?? 4,
    perTenant: options.perTenant ?? Math.max(1, connections - 2),
    maxWaiting: options.maxWaiting ?? 2_000,
    maxWaitMs: options.maxWaitMs ?? 10_000,
    prepare: options.prepare ?? true,
  });
  const control = options.control && new Privileged(options.control, options.onPrivileged ?? (() => {}));
  return new Kernel(pool, seals, control);
}

class Kernel implements Tenancy {
  readonly pool: TenantPool;
  readonly #pool: Pool;
  readonly #seals: SealRing;
  readonly #control: Privileged | undefined;

  constructor(pool: Pool, seals: SealRing, control: Privileged | undefined) {
    this.#pool = pool;
    this.#seals = seals;
    this.#control = control;
    this.pool = new TenantPool(pool);
  }

  withTenant<T>(
    tenantId: string,
    principal: string,
    callback: () => T | Promise<T>,
    options: ScopeOptions = {},
  ): Promise<T> {
    return runInScope(makeScope(tenantId, principal, options.requestId ?? findScope()?.requestId), callback);
  }

  currentScope(): Scope {
    return currentScope();
  }

  async withEachTenant(
    principal: string,
    callback: (tenantId: string) => Promise<void>,
    { concurrency = 4, tenants }: { concurrency?: number; tenants?: readonly string[] } = {},
  ): Promise<{ done: number; failed: { tenantId: string; error: unknown }[] }> {
    const all =
      tenants ??
      (
        await this.privileged(
          'list the open tenants',
          async (db) => (await db.query<{ tenant_id: string }>(OPEN_TENANTS)).rows,
        )
      ).map(({ tenant_id }) => tenant_id);
    const queue = [...all];
    const outcome = { done: 0, failed: [] as { tenantId: string; error: unknown }[] };
    const worker = async () => {
      for (let tenantId = queue.shift(); tenantId !== undefined; tenantId = queue.shift()) {
        const id = tenantId;
        try {
          await this.withTenant(id, principal, () => callback(id));
          outcome.done++;
        } catch (error) {
          outcome.failed.push({ tenantId: id, error });
        }
      }
    };
    await Promise.all(Array.from({ length: Math.max(1, Math.min(concurrency, 64)) }, worker));
    return outcome;
  }

  async privileged<T>(reason: string, callback: (db: Unscoped) => Promise<T>): Promise<T> {
    if (this.#control === undefined)
      throw new TenancyError('REFUSED', 'privileged: no control connection was configured');
    return await this.#control.run(reason, callback);
  }

  async query<R extends pg.QueryResultRow>(
    statement: Statement,
    { signal, ...form }: QueryForm & { signal?: AbortSignal } = {},
  ): Promise<pg.QueryResult<R>> {
    return (await this.#pool.run(scopeOfWork('query'), statement, form, signal)) as pg.QueryResult<R>;
  }

  async transaction<T>(callback: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const scope = scopeOfWork('transaction');
    for (let left = options.retries ?? 0; ; left--) {
      const lease = await this.#pool.lease(scope, options.signal);
      try {
        return await this.#pool.guarded(lease, options.signal, () => runTransaction(lease, options, callback));
      } catch (error) {
        if (left <= 0 || !isSerialization(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20));
      }
    }
  }

  stream<R extends pg.QueryResultRow>(
    statement: Statement,
    { batch = 500, signal }: { batch?: number; signal?: AbortSignal } = {},
  ): AsyncGenerator<R> {
    // a generator starts when it is first asked for a row, maybe in another scope: this one's counts
    return this.#stream(scopeOfMaking('stream'), statement, batch, signal);
  }

  async *#stream<R extends pg.QueryResultRow>(
    scopeOfMaker: () => Scope,
    statement: Statement,
    batch: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<R> {
    // whatever is refused is refused before a connection is taken
    const { writes } = checkStatement(statement.text);
    const parts = { text: statement.text, values: wireValues(statement.values), writes };
    const rowsAtOnce = checkBatch(batch);
    const scope = scopeOfMaker();
    refuseOthers(scope, 'the stream');
    const lease = await this.#pool.lease(scope, signal);
    for await (const rows of streamRows(lease, this.#seals, parts, rowsAtOnce, signal)) {
      for (const row of rows as R[]) {
        yield row;
        refuseOthers(scope, 'the stream');
      }
    }
  }

  async insertMany(
    table: string,
    columns: readonly string[],
    rows: readonly Record<string, unknown>[],
  ): Promise<number> {
    const statements = [...insertStatements(table, columns, rows)];
    if (statements.length === 1) return (await this.query(statements[0] as Statement)).rowCount ?? 0;
    return await this.transaction((tx) => tx.insertMany(table, columns, rows));
  }

  async explain(
    statement: Statement,
    { analyze = false }: { analyze?: boolean } = {},
  ): Promise<Record<string, unknown>> {
    checkStatement(statement.text);
    const lease = await this.#pool.lease(scopeOfWork('explain'));
    return await this.#pool.guarded(lease, undefined, () => lease.explain(statement, analyze));
  }

  async probe(tenantId: string, neighbour: string | undefined): Promise<void> {
    await runUnscoped(() => probe(this.#pool, tenantId, neighbour));
  }

  rotateSealKeys(keys: SealKeys): void {
    this.#seals.rotate(keys);
  }

  counters(): PoolCounters {
    return this.#pool.counters();
  }

  load(tenantId: string): { running: number; waiting: number; costMs: number } {
    return this.#pool.tenant(tenantId);
  }

  async end(): Promise<void> {
    await Promise.all([this.#pool.end(), this.#control?.end()]);
  }
}

const OPEN_TENANTS = sql(
  'open_tenants',
)`select tenant_id from tenancy.homes where state = 'home' and mode = 'open' order by tenant_id`;
