import type pg from 'pg';
import type { Connection } from './connection.ts';
import { fromDatabase, ScopeSwitchError, TenancyError } from './errors.ts';
import { opening } from './opening.ts';
import type { Plan, Plans } from './plan.ts';
import { currentScope, type Scope } from './scope.ts';
import { type QueryParts, wireValues } from './scoped-query.ts';
import type { SealRing } from './seal.ts';
import type { Statement } from './sql.ts';
import { commandBytes, type WireValue } from './wire.ts';

/** What one query may ask for beside its text. */
export interface QueryForm {
  rowMode?: 'array' | undefined;
  types?: pg.CustomTypesConfig | undefined;
  /** True for a select that calls a function which writes: the sealed principal goes with it. */
  writes?: boolean | undefined;
  /** Sends COMMIT in the same flush behind this statement. */
  last?: boolean | undefined;
}

export interface LeaseParts {
  connection: Connection;
  scope: Scope;
  seals: SealRing;
  plans: Plans;
  release(lease: Lease): void;
}

/**
 * A connection lent to one scope. Outside of a transaction every statement carries the scope's opening; `begin`
 * carries it for the whole transaction. Only the scope that took the lease may use it, and only until `release`.
 */
export class Lease {
  readonly scope: Scope;
  readonly #parts: LeaseParts;
  #inTransaction = false;
  /** A transaction that nothing was sent of yet: its `begin` leaves with its first statement. */
  #begin: string | undefined;
  /** Settles when the server has said whether the transaction began. */
  #beginning: Promise<unknown> | undefined;
  #over = false;
  #lost: TenancyError | undefined;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
    this.scope = parts.scope;
  }

  get connection(): Connection {
    return this.#parts.connection;
  }

  get inTransaction(): boolean {
    return this.#inTransaction;
  }

  /** Runs one statement or transaction command. @throws TenancyError, with pg's own error as `cause`. */
  async query(statement: Statement, form: QueryForm = {}): Promise<pg.QueryResult> {
    this.#check();
    const plan = this.#parts.plans.of(statement);
    const { command } = plan;
    const started = performance.now();
    const values = wireValues(statement.values); // before anything is sent, COMMIT above all
    if (this.#beginning !== undefined) {
      await this.#beginning;
      this.#check();
    }
    const pending =
      command.kind === 'data' ? this.#data(statement, plan, values, form) : this.#command(command.kind, command.text);
    const answer = form.last ? await this.#withCommit(pending) : await pending;
    if (command.kind === 'data') this.#parts.plans.took(plan, performance.now() - started);
    return answer;
  }

  /**
   * Opens a transaction whose `begin` and opening leave in one Sync with its first statement. Where they fail that
   * statement does not run, and whatever follows waits for the answer: it would else run beside the transaction, in
   * the session as the lease before left it.
   */
  begin(text: string): void {
    this.#check();
    const { command } = this.#parts.plans.of({ text, values: [] });
    if (command.kind !== 'begin') throw new TenancyError('REFUSED', 'begin: expected a transaction with known modes');
    this.#begin = command.text;
    this.#inTransaction = true;
  }

  /** Returns the plan of a statement; past the gate, and always rolled back. */
  async explain(statement: Statement, analyze: boolean): Promise<Record<string, unknown>> {
    await this.#command('begin', 'begin');
    const text = `explain (format json, verbose${analyze ? ', analyze, buffers' : ''}) ${statement.text}`;
    try {
      const { rows } = await this.#send({ text, values: wireValues(statement.values), name: '', wrote: false });
      return rows[0]?.['QUERY PLAN'][0];
    } finally {
      await this.#command('rollback', 'rollback');
    }
  }

  /** Ends the lease; the pool keeps the connection only when the server says it is idle. */
  release(): void {
    if (this.#over) return;
    this.#over = true;
    this.#parts.release(this);
  }

  /** Stops what runs on the server and ends the lease; the connection is destroyed. */
  async cancel(reason: TenancyError): Promise<void> {
    this.#lost = reason;
    await this.connection.cancel();
    this.release();
  }

  #check(): void {
    if (this.#lost) throw this.#lost;
    if (this.#over) throw new TenancyError('LEASE_OVER', 'the connection was given back already');
    const scope = currentScope('a leased connection');
    if (scope.tenantId !== this.scope.tenantId) throw new ScopeSwitchError('this connection');
  }

  async #data(statement: Statement, plan: Plan, values: WireValue[], form: QueryForm): Promise<pg.QueryResult> {
    const writes = form.writes === true || (plan.command.kind === 'data' && plan.command.writes);
    return await this.#send({
      text: statement.text,
      values,
      name: this.connection.prepared ? plan.name : '',
      ...this.#ahead(writes),
      rowMode: form.rowMode,
      types: form.types,
      wrote: writes && !this.#inTransaction,
    });
  }

  /** What goes ahead of a statement: nothing inside a transaction, but for the one that begins it. */
  #ahead(writes: boolean): Pick<QueryParts, 'before' | 'ahead'> & { begins?: boolean } {
    const { connection, scope, seals } = this.#parts;
    const begin = this.#begin;
    if (begin !== undefined) {
      this.#begin = undefined;
      const { before, ahead } = opening(seals, scope, connection, true);
      return { before: Buffer.concat([commandBytes(begin), before]), ahead: ahead + 1, begins: true };
    }
    return this.#inTransaction ? {} : opening(seals, scope, connection, writes);
  }

  async #command(kind: string, text: string): Promise<pg.QueryResult> {
    const { connection, scope, seals } = this.#parts;
    if (kind === 'begin' && this.#inTransaction)
      throw new TenancyError('REFUSED', 'a transaction is open already; use a savepoint');
    if (kind !== 'begin' && !this.#inTransaction) throw new TenancyError('REFUSED', `${kind}: no transaction is open`);
    const ends = kind === 'commit' || kind === 'rollback';
    // set before the answer: the next statement may leave in the same flush
    this.#inTransaction = !ends;
    if (ends && this.#begin !== undefined) {
      this.#begin = undefined; // nothing was sent of this transaction
      return { command: kind.toUpperCase(), rowCount: null, oid: 0, fields: [], rows: [] };
    }
    const around =
      kind === 'begin'
        ? { after: opening(seals, scope, connection, true).before, begins: true }
        : ends
          ? {}
          : this.#ahead(true);
    const result = await this.#send({ text, values: [], name: '', wrote: kind === 'commit', ...around });
    if (kind === 'commit' && result.command === 'ROLLBACK') {
      throw new TenancyError('TRANSACTION_FAILED', 'an earlier statement failed, so nothing was committed');
    }
    return result;
  }

  /** The statement and COMMIT leave together; when the statement fails, COMMIT of a failed transaction rolls back. */
  async #withCommit(pending: Promise<pg.QueryResult>): Promise<pg.QueryResult> {
    const commit = this.#command('commit', 'commit');
    const [answer, committed] = await Promise.allSettled([pending, commit]);
    // where the connection took both with it, nobody knows whether COMMIT took effect
    const lost = answer.status === 'rejected' && (answer.reason as TenancyError).code === 'DATABASE_UNAVAILABLE';
    if (lost && committed.status === 'rejected') throw committed.reason;
    if (answer.status === 'rejected') throw answer.reason;
    if (committed.status === 'rejected') throw committed.reason;
    return answer.value;
  }

  async #send(parts: QueryParts & { wrote: boolean; begins?: boolean }): Promise<pg.QueryResult> {
    const wrote = parts.wrote && this.connection.usable; // else nothing leaves
    const sent = this.connection.send(parts);
    if (parts.begins) this.#beginning = this.#begun(sent);
    const { error, result } = await sent;
    if (this.#lost) throw this.#lost;
    if (error) throw fromDatabase(error, wrote);
    return result as pg.QueryResult;
  }

  /** Ends the lease's use where the server is in no transaction after all. */
  async #begun(sent: ReturnType<Connection['send']>): Promise<void> {
    const { status, error } = await sent;
    this.#beginning = undefined;
    if (status === 'T' || status === 'E') return;
    this.#inTransaction = false;
    this.#lost ??= fromDatabase(error ?? new Error('the transaction did not begin'), false);
  }
}
