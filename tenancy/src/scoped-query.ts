import { createRequire } from 'node:module';
import pg from 'pg';
import { TenancyError } from './errors.ts';
import { Message, type WireValue } from './wire.ts';

// pg's own conversion of JavaScript values (Date, arrays, objects, Buffer); it has no public name.
const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils') as { prepareValue(value: unknown): WireValue };

/** The part of pg's Connection that a query written by ourselves needs. */
export interface PgConnection {
  stream: { write(bytes: Buffer): boolean; destroy(): void; destroyed: boolean; writable: boolean };
  parsedStatements: Record<string, string>;
  submittedNamedStatements: Record<string, string>;
  once(event: 'readyForQuery' | 'end', listener: () => void): void;
  removeListener(event: 'readyForQuery' | 'end', listener: () => void): void;
}

type Socket = PgConnection['stream'];
const outboxes = new WeakMap<Socket, Buffer[]>();

/**
 * Sends what one turn of the event loop produced for a socket in one write: statements that become ready together,
 * as many do behind one packet of answers, share a system call.
 */
function sendSoon(socket: Socket, bytes: Buffer): void {
  const waiting = outboxes.get(socket);
  if (waiting !== undefined && waiting.length > 0) {
    waiting.push(bytes);
    return;
  }
  const outbox = waiting ?? [];
  if (waiting === undefined) outboxes.set(socket, outbox);
  outbox.push(bytes);
  process.nextTick(flush, socket, outbox);
}

function flush(socket: Socket, outbox: Buffer[]): void {
  const bytes = outbox.length === 1 ? (outbox[0] as Buffer) : Buffer.concat(outbox);
  outbox.length = 0;
  if (!socket.destroyed) socket.write(bytes);
}

/** Most parameters that one Bind message can carry. */
const MOST_VALUES = 65_535;

/**
 * Turns JavaScript values into what goes over the wire, before anything of the statement is sent.
 * @throws TenancyError VALUE_REFUSED for a value that cannot be sent, or for too many.
 */
export function wireValues(values: readonly unknown[]): WireValue[] {
  if (values.length > MOST_VALUES)
    throw new TenancyError('VALUE_REFUSED', `a statement takes at most ${MOST_VALUES} values`);
  try {
    return values.map((value) => prepareValue(value));
  } catch (cause) {
    throw new TenancyError('VALUE_REFUSED', 'a value has the wrong form', { detail: (cause as Error).message, cause });
  }
}

export interface QueryParts {
  text: string;
  values: readonly WireValue[];
  /** Name of the prepared statement, or '' to parse it each time. */
  name: string;
  /** Bytes sent before the statement: the opening of the scope. */
  before?: Buffer | undefined;
  /** How many statements `before` holds; two, unless said otherwise. */
  ahead?: number | undefined;
  /** Bytes sent after it, before Sync (a transaction's opening follows its `begin`). */
  after?: Buffer | undefined;
  rowMode?: 'array' | undefined;
  types?: pg.CustomTypesConfig | undefined;
}

export interface Settled {
  error?: Error;
  result?: pg.QueryResult;
  /** True when the connection must not be used again. */
  broken: boolean;
}

interface PgQuery {
  callback: () => void;
  _result: { parseRow(fields: (string | null)[]): pg.QueryResultRow; addRow(row: pg.QueryResultRow): void };
  _results: pg.QueryResult;
  _canceledDueToError: Error | false;
  handleCommandComplete(message: unknown, connection: unknown): void;
}
// pg's types declare submit as a property, which a method may not override.
const PgQuery = pg.Query as unknown as new (config: pg.QueryConfig) => PgQuery;

/**
 * A statement with the scope's opening in one write and one Sync. Settles only after ReadyForQuery, when the
 * connection's transaction status is true, or when the connection is gone; never at the error itself, where the
 * status is stale. A pg.Query, so that pg accepts it in pipeline mode.
 */
export class ScopedQuery extends PgQuery {
  protected readonly parts: QueryParts;
  protected readonly settle: (settled: Settled) => void;
  /** The opening's two completions come before or after the statement's own one. */
  readonly #own: number;
  #completions = 0;
  #failure: Error | undefined;
  #settled = false;

  constructor(parts: QueryParts, settle: (settled: Settled) => void) {
    super({
      text: parts.text,
      ...(parts.rowMode && { rowMode: parts.rowMode }),
      ...(parts.types && { types: parts.types }),
    } as pg.QueryConfig);
    this.parts = parts;
    this.settle = settle;
    this.#own = parts.ahead ?? (parts.before ? 2 : 0);
    this.callback = () => {};
  }

  /** pg books a ParseComplete to the active query's name; that of a statement in `before` is not this one's. */
  get name(): string {
    return this.completesStatement() ? this.parts.name : '';
  }

  set name(_: string | undefined) {} // pg.Query's constructor sets it

  /** Writes the whole statement at once. */
  submit(wire: PgConnection): Error | null {
    const { name, text, values, before, after } = this.parts;
    const message = new Message();
    if (before) message.raw(before);
    if (name === '') {
      message.parse('', text);
    } else if (wire.parsedStatements[name] === undefined && wire.submittedNamedStatements[name] === undefined) {
      message.parse(name, text);
      wire.submittedNamedStatements[name] = text;
    }
    this.run(message.bind(name, values).describe(), after);
    sendSoon(wire.stream, message.take());
    return null;
  }

  /** Adds what comes after Describe. */
  protected run(message: Message, after: Buffer | undefined): void {
    message.execute();
    if (after) message.raw(after);
    message.sync();
  }

  /** As pg's own, without an event for each row. */
  handleDataRow(message: { fields: (string | null)[] }): void {
    if (this._canceledDueToError) return;
    try {
      this._result.addRow(this._result.parseRow(message.fields));
    } catch (error) {
      this._canceledDueToError = error as Error;
    }
  }

  /** True when the next CommandComplete is the statement's own. */
  protected completesStatement(): boolean {
    return this.#completions === this.#own;
  }

  override handleCommandComplete(message: unknown, connection: unknown): void {
    if (this.#completions++ === this.#own) super.handleCommandComplete(message, connection);
  }

  handleError(error: Error, connection: PgConnection): void {
    const { severity } = error as { severity?: string };
    this.#failure ??= error;
    delete connection.submittedNamedStatements[this.parts.name]; // its Parse may have been skipped
    if (severity === undefined) {
      this.#done(true);
      return;
    }
    const settle = (ready: boolean) => {
      connection.removeListener('readyForQuery', onReady);
      connection.removeListener('end', onEnd);
      this.#done(!ready);
    };
    const onReady = () => settle(true);
    const onEnd = () => settle(false);
    connection.once('readyForQuery', onReady);
    connection.once('end', onEnd);
  }

  handleReadyForQuery(): void {
    if (this._canceledDueToError) this.#failure = this._canceledDueToError;
    this.#done(false, this._results);
  }

  #done(broken: boolean, result?: pg.QueryResult): void {
    if (this.#settled) return;
    this.#settled = true;
    if (this.#failure) this.settle({ error: this.#failure, broken });
    else this.settle(result ? { result, broken } : { broken });
  }
}
