import pg from 'pg';
import { instantParser } from './instant.ts';
import { type PgConnection, type QueryParts, ScopedQuery, type Settled } from './scoped-query.ts';
import { OPEN_READ, OPEN_WRITE, RESET, settingBytes } from './wire.ts';

/** How to reach the database as one login role; timeouts are session defaults that `reset all` returns to. */
export interface ConnectionOptions {
  host: string;
  port: number;
  database: string;
  user: string;
  password?: string | (() => Promise<string>) | undefined;
  ssl?: pg.ClientConfig['ssl'];
  applicationName?: string;
  connectTimeoutMs?: number;
  statementTimeoutMs?: number;
  lockTimeoutMs?: number;
  idleInTransactionTimeoutMs?: number;
  /** Gives a statement up on the client's side, where the server may be silent for ever; none by default. */
  answerTimeoutMs?: number;
  /**
   * True behind a pooler in transaction mode (PgBouncer), which keeps no session defaults: no timeout is sent at
   * connecting then, they go with each opening instead. The control role's connections have none there.
   */
  pooler?: boolean;
}

const { TIMESTAMPTZ } = pg.types.builtins;
const parseInstant = instantParser(pg.types.getTypeParser(TIMESTAMPTZ, 'text') as (text: string) => Date);

/** Names that one connection prepares: each costs the server memory for as long as the connection lives. */
const MOST_NAMED = 1_000;

/** What pg's client has beyond its published types. */
type PgClient = Omit<pg.Client, 'connection'> & {
  connection: PgConnection & {
    cancel(pid: number, key: number): void;
    connect(port: number, host: string): void;
  } & NodeJS.EventEmitter;
  processID: number;
  secretKey: number;
  getTransactionStatus(): 'I' | 'T' | 'E' | null;
};

/** Turns options into pg's own; the password never appears in errors or logs. */
export function clientConfig(options: ConnectionOptions): pg.ClientConfig {
  const timeouts = timeoutsOf(options);
  return {
    host: options.host,
    port: options.port,
    database: options.database,
    user: options.user,
    ...(options.password !== undefined && { password: options.password }),
    ...(options.ssl !== undefined && { ssl: options.ssl }),
    application_name: options.applicationName ?? 'businessos',
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    ...(!options.pooler && timeouts),
    ...(options.answerTimeoutMs !== undefined && { query_timeout: options.answerTimeoutMs }),
    keepAlive: true,
  };
}

function timeoutsOf(options: ConnectionOptions) {
  return {
    statement_timeout: options.statementTimeoutMs ?? 15_000,
    lock_timeout: options.lockTimeoutMs ?? 5_000,
    idle_in_transaction_session_timeout: options.idleInTransactionTimeoutMs ?? 10_000,
  };
}

/**
 * One connection for scoped statements. It is clean only while the server said ReadyForQuery with status I and
 * nothing on it was cancelled or timed out on the client's side; anything else and the pool destroys it.
 */
export class Connection {
  readonly prepared: boolean;
  /** Bytes that set the timeouts for one transaction, behind a pooler. */
  readonly timeouts: Buffer | undefined;
  readonly #client: PgClient;
  readonly #options: ConnectionOptions;
  #lost = false;
  #inFlight = 0;
  #named = 0;
  #retired = false;

  private constructor(client: PgClient, options: ConnectionOptions, prepared: boolean) {
    this.#client = client;
    this.#options = options;
    this.prepared = prepared;
    const timeouts = Object.entries(timeoutsOf(options)).map(([name, ms]) => [name, String(ms)]);
    this.timeouts = options.pooler ? settingBytes(Object.fromEntries(timeouts)) : undefined;
    client.on('error', () => {
      this.#lost = true;
    });
    client.on('end', () => {
      this.#lost = true;
    });
    // `reset all` comes too late for this one: the next lease's transaction has begun read only by then, and when it
    // fails for that, the reset is rolled back with it. PostgreSQL reports it before ReadyForQuery.
    let readOnly: string | undefined;
    client.connection.on('parameterStatus', ({ parameterName, parameterValue }: Record<string, string>) => {
      if (parameterName !== 'default_transaction_read_only') return;
      readOnly ??= parameterValue;
      if (parameterValue !== readOnly) this.#lost = true;
    });
  }

  /** Connects, and prepares the openings where `prepared`. @throws the error of `pg` when it cannot. */
  static async open(options: ConnectionOptions, prepared: boolean): Promise<Connection> {
    const client = new pg.Client({
      ...clientConfig(options),
      pipeline: true,
    } as pg.ClientConfig) as unknown as PgClient;
    client.setTypeParser(TIMESTAMPTZ, parseInstant);
    const connection = new Connection(client, options, prepared);
    try {
      await client.connect();
      if (prepared) {
        // pg books the first ParseComplete of a statement to its name, so the openings are prepared apart
        for (const { name, text } of [RESET, OPEN_READ, OPEN_WRITE]) {
          const values = text.includes('$2') ? ['', ''] : text.includes('$1') ? [''] : [];
          await client.query({ name, text, values });
        }
      }
    } catch (error) {
      connection.destroy();
      throw error;
    }
    return connection;
  }

  /** True when a statement may be sent. */
  get usable(): boolean {
    return !this.#lost;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** True when the next lease may have it. */
  get clean(): boolean {
    return !this.#lost && this.#inFlight === 0 && this.status === 'I';
  }

  /** True when it has prepared so many statements that a new one should take its place. */
  get worn(): boolean {
    return this.#named > MOST_NAMED;
  }

  /** Destroys the connection as soon as nothing is in flight. */
  retire(): void {
    this.#retired = true;
    if (this.#inFlight === 0) this.destroy();
  }

  get status(): 'I' | 'T' | 'E' | null {
    return this.#client.getTransactionStatus();
  }

  /**
   * Sends a statement; the promise settles after ReadyForQuery or when the connection is gone, and never rejects.
   * `status` is that ReadyForQuery's own: by the time the caller runs, a later statement may have changed it.
   */
  send(parts: QueryParts): Promise<Settled & { status: 'I' | 'T' | 'E' | null }> {
    const { parsedStatements, submittedNamedStatements } = this.#client.connection;
    const { name } = parts;
    if (name !== '' && parsedStatements[name] === undefined && submittedNamedStatements[name] === undefined)
      this.#named++;
    return new Promise((resolve) => {
      this.submit(
        new ScopedQuery(parts, (settled) =>
          resolve({ ...this.settled(settled), status: settled.broken ? null : this.status }),
        ),
      );
    });
  }

  /** Sends a query object made with `settled` as its callback. */
  submit(query: ScopedQuery): void {
    this.#inFlight++;
    this.#client.query(query as unknown as pg.Submittable);
  }

  /** Asks the server to stop what this connection runs (a connection of its own), then destroys the connection. */
  async cancel(): Promise<void> {
    const { processID, secretKey } = this.#client;
    this.#lost = true;
    const other = new pg.Client(clientConfig(this.#options)) as unknown as PgClient;
    const done = new Promise<void>((resolve) => {
      const wire = other.connection;
      const limit = setTimeout(resolve, 2_000);
      const end = () => {
        clearTimeout(limit);
        resolve();
      };
      const send = () => wire.cancel(processID, secretKey);
      if (this.#options.ssl) {
        wire.on('connect', () => (wire as unknown as { requestSsl(): void }).requestSsl());
        wire.on('sslconnect', send);
      } else {
        wire.on('connect', send);
      }
      wire.on('end', end);
      wire.on('error', end);
      wire.connect(this.#options.port, this.#options.host);
    });
    await done;
    other.connection.stream.destroy();
    this.destroy();
  }

  /** Ends the socket at once; the server rolls back what was open. */
  destroy(): void {
    this.#lost = true;
    this.#client.connection.stream.destroy();
  }

  /** Says goodbye to the server and waits for the socket's end. */
  async end(): Promise<void> {
    if (this.#lost) return this.destroy();
    await this.#client.end();
  }

  /** Keeps the count and the verdict on the connection; every submitted query ends here. */
  settled(settled: Settled): Settled {
    this.#inFlight--;
    // a lost opening (26000) would fail every later statement; only a new connection has it again
    const state = (settled.error as { code?: string } | undefined)?.code;
    if (settled.broken || (state === '26000' && this.prepared)) this.#lost = true;
    if ((this.#lost || this.#retired) && this.#inFlight === 0) this.destroy();
    return settled;
  }
}
