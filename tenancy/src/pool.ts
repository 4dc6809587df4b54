import type pg from 'pg';
import { Connection, type ConnectionOptions } from './connection.ts';
import { AbortedError, fromDatabase, TenancyError } from './errors.ts';
import { FairQueue } from './fair-queue.ts';
import { Lease, type QueryForm } from './lease.ts';
import { opening } from './opening.ts';
import { type Plan, Plans } from './plan.ts';
import type { Scope } from './scope.ts';
import { type Settled, wireValues } from './scoped-query.ts';
import type { SealRing } from './seal.ts';
import type { Statement } from './sql.ts';
import type { WireValue } from './wire.ts';

export interface PoolOptions {
  connection: ConnectionOptions;
  seals: SealRing;
  /** Connections for writes, transactions and slow reads. */
  connections: number;
  /** Connections that carry several quick reads at once; 0 sends every read to a lease. */
  multiplexed: number;
  /** Most leases of one tenant at once. */
  perTenant: number;
  /** Most statements of one tenant that wait. */
  maxWaiting: number;
  maxWaitMs: number;
  /** False where a pooler forbids named statements (PgBouncer below 1.21 in transaction mode). */
  prepare: boolean;
}

/** Reads in flight on one multiplexed connection: 16 were no faster, and a quiet tenant waited twice as long behind a flood. */
const DEPTH = 8;
/** A statement that takes longer on average goes to a lease, or those behind it wait (head-of-line). */
const QUICK_MS = 5;

/** Counts of a pool since its start, and what it does now. */
export interface PoolCounters {
  connections: number;
  leased: number;
  waiting: number;
  multiplexedInFlight: number;
  statements: number;
  failed: number;
  destroyed: number;
  refused: number;
}

/** The tenant-fair pool: leases for one scope at a time, and multiplexed connections for quick reads of everybody. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #plans = new Plans();
  readonly #leases: FairQueue;
  readonly #reads: FairQueue;
  readonly #idle: Connection[] = [];
  readonly #lent = new Set<Connection>();
  readonly #shared: (Connection | Promise<Connection> | undefined)[];
  readonly #counts = { statements: 0, failed: 0, destroyed: 0, refused: 0 };
  #ended = false;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    const bounds = { maxWaiting: options.maxWaiting, maxWaitMs: options.maxWaitMs };
    this.#leases = new FairQueue({ slots: options.connections, cap: options.perTenant, ...bounds });
    const slots = Math.max(options.multiplexed * DEPTH, 1);
    this.#reads = new FairQueue({ slots, cap: Math.max(1, Math.ceil(slots * 0.75)), ...bounds });
    this.#shared = new Array(options.multiplexed).fill(undefined);
  }

  counters(): PoolCounters {
    const shared = this.#shared.filter((entry): entry is Connection => entry instanceof Connection);
    return {
      connections: this.#idle.length + this.#lent.size + shared.length,
      leased: this.#lent.size,
      waiting: this.#leases.waiting + this.#reads.waiting,
      multiplexedInFlight: shared.reduce((sum, connection) => sum + connection.inFlight, 0),
      ...this.#counts,
    };
  }

  /** What this tenant has running and waiting, and what its turns cost. */
  tenant(tenantId: string): { running: number; waiting: number; costMs: number } {
    const [leases, reads] = [this.#leases.tenant(tenantId), this.#reads.tenant(tenantId)];
    return {
      running: leases.running + reads.running,
      waiting: leases.waiting + reads.waiting,
      costMs: Math.max(leases.costMs, reads.costMs),
    };
  }

  /** Runs one statement in the scope, autocommitted, in one round trip. */
  async run(scope: Scope, statement: Statement, form: QueryForm, signal?: AbortSignal): Promise<pg.QueryResult> {
    if (signal?.aborted) throw new AbortedError();
    const plan = this.#plan(statement);
    const reads = form.writes !== true && plan.command.kind === 'data' && !plan.command.writes;
    // one that never ran may be slow: on a shared connection everybody would wait behind it
    if (reads && this.#shared.length > 0 && plan.ms > 0 && plan.ms < QUICK_MS) {
      const reading = this.#readShared(scope, statement, plan, form, signal);
      // an abort only stops waiting for it: to cancel it on the server could hit the next tenant's statement there, and
      // it is over within milliseconds, or ended by statement_timeout
      return await (signal === undefined ? reading : untilAborted(signal, reading));
    }
    const lease = await this.lease(scope, signal);
    return await this.guarded(lease, signal, () => lease.query(statement, form));
  }

  /** Lends a connection to the scope; waits its turn. @throws PoolBusyError, AbortedError, or DATABASE_UNAVAILABLE. */
  async lease(scope: Scope, signal?: AbortSignal): Promise<Lease> {
    if (this.#ended) throw poolEnded();
    if (signal?.aborted) throw new AbortedError();
    await this.#turn(this.#leases, scope, signal);
    const started = performance.now();
    let connection: Connection;
    try {
      connection = this.#takeIdle() ?? (await this.#open());
      if (this.#closed) {
        connection.destroy();
        throw poolEnded();
      }
    } catch (error) {
      this.#leases.leave(scope.tenantId, 0);
      throw fromDatabase(error, false);
    }
    this.#lent.add(connection);
    const release = () => {
      this.#lent.delete(connection);
      this.#giveBack(connection);
      this.#leases.leave(scope.tenantId, performance.now() - started);
    };
    return new Lease({ connection, scope, seals: this.#options.seals, plans: this.#plans, release });
  }

  /** Runs the work on a lease and gives it back; an abort cancels on the server and rejects at once. */
  async guarded<T>(lease: Lease, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    if (signal === undefined) {
      try {
        return await work();
      } catch (error) {
        this.#counts.failed++;
        throw error;
      } finally {
        this.#counts.statements++;
        lease.release();
      }
    }
    if (signal.aborted) {
      lease.release();
      throw new AbortedError();
    }
    try {
      const running = work().finally(() => lease.release());
      return await untilAborted(signal, running, (reason) => void lease.cancel(reason));
    } catch (error) {
      this.#counts.failed++;
      throw error;
    } finally {
      this.#counts.statements++;
    }
  }

  /** Refuses new work, lets what was accepted finish up to `graceMs`, then ends every connection. */
  async end(graceMs = 5_000): Promise<void> {
    this.#ended = true;
    const limit = performance.now() + graceMs;
    const left = () => this.#leases.running + this.#reads.running + this.#leases.waiting + this.#reads.waiting;
    while (left() > 0 && performance.now() < limit) await new Promise((resolve) => setTimeout(resolve, 10));
    this.#closed = true;
    for (const connection of this.#lent) connection.destroy();
    const shared = await Promise.allSettled(this.#shared.splice(0));
    const open = shared.flatMap((entry) => (entry.status === 'fulfilled' && entry.value ? [entry.value] : []));
    await Promise.all(
      [...this.#idle.splice(0), ...open].map((connection) =>
        connection.inFlight > 0 ? connection.destroy() : connection.end(),
      ),
    );
  }

  #plan(statement: Statement): Plan {
    try {
      const plan = this.#plans.of(statement);
      if (plan.command.kind === 'data') return plan;
    } catch (error) {
      this.#counts.refused++;
      throw error;
    }
    this.#counts.refused++;
    throw new TenancyError('REFUSED', 'a transaction command needs a lease: use transaction() or connect()');
  }

  async #turn(queue: FairQueue, scope: Scope, signal: AbortSignal | undefined): Promise<void> {
    try {
      const turn = queue.enter(scope.tenantId, signal);
      if (turn !== undefined) await turn;
    } catch (error) {
      if (signal?.aborted) throw new AbortedError();
      this.#counts.refused++;
      throw error;
    }
  }

  /** One quick read on a shared connection. */
  async #readShared(
    scope: Scope,
    statement: Statement,
    plan: Plan,
    form: QueryForm,
    signal: AbortSignal | undefined,
  ): Promise<pg.QueryResult> {
    if (this.#ended) throw poolEnded();
    const values = wireValues(statement.values);
    await this.#turn(this.#reads, scope, signal);
    const started = performance.now();
    try {
      let settled = await this.#read(scope, statement, plan, values, form);
      // a Parse skipped by an earlier failure in the pipeline: the statement never ran, a fresh connection has it
      if ((settled.error as { code?: string } | undefined)?.code === '26000')
        settled = await this.#read(scope, statement, plan, values, form);
      if (settled.error) throw fromDatabase(settled.error, false);
      return settled.result as pg.QueryResult;
    } catch (error) {
      this.#counts.failed++;
      throw fromDatabase(error, false);
    } finally {
      this.#counts.statements++;
      const ms = performance.now() - started;
      this.#plans.took(plan, ms / Math.max(1, this.#reads.running / this.#shared.length));
      this.#reads.leave(scope.tenantId, ms);
    }
  }

  async #read(scope: Scope, statement: Statement, plan: Plan, values: WireValue[], form: QueryForm): Promise<Settled> {
    if (this.#closed) throw poolEnded();
    const found = this.#sharedConnection();
    const connection = found instanceof Connection ? found : await found;
    return await connection.send({
      text: statement.text,
      values,
      name: connection.prepared ? plan.name : '',
      ...opening(this.#options.seals, scope, connection, false),
      rowMode: form.rowMode,
      types: form.types,
    });
  }

  #sharedConnection(): Connection | Promise<Connection> {
    let best: Connection | undefined;
    for (let at = 0; at < this.#shared.length; at++) {
      const entry = this.#shared[at];
      if (entry === undefined || (entry instanceof Connection && (!entry.usable || entry.worn))) {
        if (entry !== undefined) {
          entry.retire();
          this.#counts.destroyed++;
        }
        return this.#openShared(at);
      }
      if (entry instanceof Connection && (best === undefined || entry.inFlight < best.inFlight)) {
        best = entry;
      }
    }
    return best ?? (this.#shared[0] as Promise<Connection>); // all of them are still connecting
  }

  #openShared(at: number): Promise<Connection> {
    const connecting = this.#open();
    this.#shared[at] = connecting;
    connecting.then(
      (connection) => {
        if (this.#closed) connection.destroy();
        else this.#shared[at] = connection;
      },
      () => {
        this.#shared[at] = undefined;
      },
    );
    return connecting;
  }

  #takeIdle(): Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined || connection.clean) return connection;
      connection.destroy();
      this.#counts.destroyed++;
    }
  }

  #giveBack(connection: Connection): void {
    if (connection.clean && !connection.worn && !this.#ended) {
      this.#idle.push(connection);
    } else {
      connection.destroy();
      this.#counts.destroyed++;
    }
  }

  #open(): Promise<Connection> {
    return Connection.open(this.#options.connection, this.#options.prepare);
  }
}

function poolEnded(): TenancyError {
  return new TenancyError('POOL_ENDED', 'the pool has ended');
}

/** Rejects as soon as the signal says so, whatever becomes of the work; `stop` is called once then. */
async function untilAborted<T>(
  signal: AbortSignal,
  work: Promise<T>,
  stop: (reason: AbortedError) => void = () => {},
): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => {
    const reason = new AbortedError();
    reject(reason);
    stop(reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  work.catch(() => {}); // nobody hears of it after an abort
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
