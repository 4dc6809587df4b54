import pg from 'pg';
import { type ConnectionOptions, clientConfig } from './connection.ts';
import { fromDatabase, RefusedError } from './errors.ts';
import { runUnscoped } from './scope.ts';
import { type Statement, statementName } from './sql.ts';

/** What an unscoped act may do: statements of the control role, alone or in one transaction. */
export interface Unscoped {
  query<R extends pg.QueryResultRow = pg.QueryResultRow>(statement: Statement): Promise<pg.QueryResult<R>>;
  transaction<T>(callback: (tx: Pick<Unscoped, 'query'>) => Promise<T>): Promise<T>;
}

/** A role's own pool for the few acts that belong to no tenant; never bos_app's connections. */
export class Privileged {
  readonly #pool: pg.Pool;
  readonly #log: (reason: string) => void;
  #ending: Promise<void> | undefined;

  constructor(connection: ConnectionOptions, log: (reason: string) => void, max = 4) {
    this.#pool = new pg.Pool({ ...clientConfig(connection), max, idleTimeoutMillis: 30_000 });
    this.#pool.on('error', () => {}); // an idle connection broke: the pool opens another
    this.#log = log;
  }

  /**
   * Runs the callback outside of any scope with the control role's connections. The reason is logged.
   * @throws RefusedError without a reason of at least 8 characters.
   */
  async run<T>(reason: string, callback: (db: Unscoped) => Promise<T>): Promise<T> {
    if (reason.trim().length < 8) throw new RefusedError('privileged: say why, in at least 8 characters');
    this.#log(reason);
    return await runUnscoped(() =>
      callback({ query: (statement) => send(this.#pool, statement), transaction: (inner) => this.#transaction(inner) }),
    );
  }

  /** Closes the connections; a second call waits for the first. */
  async end(): Promise<void> {
    this.#ending ??= this.#pool.end();
    await this.#ending;
  }

  async #transaction<T>(callback: (tx: Pick<Unscoped, 'query'>) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw fromDatabase(error, false);
    });
    let broken: Error | undefined;
    const onError = (error: Error) => {
      broken = error; // nobody listens on a client that is out: an unheard error would end the process
    };
    client.on('error', onError);
    const plain = (text: string, wrote: boolean) =>
      client.query(text).catch((error: Error) => {
        broken = error;
        throw fromDatabase(error, wrote);
      });
    try {
      await plain('begin', false);
      const value = await callback({ query: (statement) => send(client, statement) });
      await plain('commit', true);
      return value;
    } catch (error) {
      if (broken === undefined) await plain('rollback', false).catch(() => {});
      throw error;
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  }
}

async function send<R extends pg.QueryResultRow>(
  on: pg.Pool | pg.PoolClient,
  statement: Statement,
): Promise<pg.QueryResult<R>> {
  try {
    const { text, values, label } = statement;
    return await on.query<R>({
      text,
      values: [...values],
      ...(label !== undefined && { name: statementName(label, text) }),
    });
  } catch (error) {
    throw fromDatabase(error, false);
  }
}
