import type pg from 'pg';
import { TenancyError } from './errors.ts';
import { insertStatements } from './insert.ts';
import type { Lease, QueryForm } from './lease.ts';
import { runInTransaction } from './scope.ts';
import { type Statement, sql } from './sql.ts';

export interface TransactionOptions {
  isolation?: 'read committed' | 'repeatable read' | 'serializable';
  readOnly?: boolean;
  /** How many times to run the callback again after a serialization failure or deadlock; 0 by default. */
  retries?: number;
  signal?: AbortSignal;
}

/** What runs statements of a scope: the tenancy itself, or one of its transactions. */
export interface Querier {
  query<R extends pg.QueryResultRow = pg.QueryResultRow>(
    statement: Statement,
    form?: QueryForm,
  ): Promise<pg.QueryResult<R>>;
}

/** An open transaction of one scope. Use after its callback ended is an error. */
export interface Transaction extends Querier {
  /** Runs the callback behind a savepoint: an error undoes what it did and is thrown on, the transaction lives. */
  savepoint<T>(callback: () => Promise<T>): Promise<T>;
  /** Inserts many rows; see `Tenancy.insertMany`. */
  insertMany(table: string, columns: readonly string[], rows: readonly Record<string, unknown>[]): Promise<number>;
}

/** Runs the callback between BEGIN and COMMIT on the lease; both openings leave with the first statement. */
export async function runTransaction<T>(
  lease: Lease,
  options: TransactionOptions,
  callback: (tx: Transaction) => Promise<T>,
): Promise<T> {
  lease.begin(beginText(options));
  let last: Promise<unknown> | undefined;
  let savepoints = 0;
  const tx: Transaction = {
    query: async (statement, form = {}) => {
      if (last) throw new TenancyError('LEASE_OVER', 'the transaction was committed with its last statement');
      const result = lease.query(statement, form);
      if (form.last) last = result;
      return (await result) as pg.QueryResult<never>;
    },
    savepoint: async (inner) => {
      const name = `s${++savepoints}`;
      await lease.query({ text: `savepoint ${name}`, values: [] });
      try {
        const value = await inner();
        await lease.query({ text: `release savepoint ${name}`, values: [] });
        return value;
      } catch (error) {
        await lease.query({ text: `rollback to savepoint ${name}`, values: [] });
        throw error;
      }
    },
    insertMany: async (table, columns, rows) => {
      let inserted = 0;
      for (const statement of insertStatements(table, columns, rows))
        inserted += (await lease.query(statement)).rowCount ?? 0;
      return inserted;
    },
  };
  try {
    const value = await runInTransaction(lease.scope, () => callback(tx));
    await (last ?? lease.query(COMMIT));
    return value;
  } catch (error) {
    if (lease.inTransaction) await lease.query(ROLLBACK).catch(() => {});
    throw error;
  }
}

/** Says whether running the transaction again may help. */
export function isSerialization(error: unknown): boolean {
  return error instanceof TenancyError && error.code === 'SERIALIZATION';
}

const COMMIT = sql`commit`;
const ROLLBACK = sql`rollback`;

function beginText({ isolation, readOnly }: TransactionOptions): string {
  // always named: a default that the lease before set for its session counts when a transaction begins
  return `begin isolation level ${isolation ?? 'read committed'}${readOnly ? ', read only' : ''}`;
}
