import type pg from 'pg';
import { AbortedError, fromDatabase, TenancyError } from './errors.ts';
import type { Lease } from './lease.ts';
import { opening } from './opening.ts';
import { type PgConnection, type QueryParts, ScopedQuery, type Settled } from './scoped-query.ts';
import type { SealRing } from './seal.ts';
import { Message, settingBytes, type WireValue } from './wire.ts';

/** How long a stream may take in all: its statement lives while the consumer works. */
const STREAM_MS = '600000';

interface Step {
  rows?: pg.QueryResultRow[];
  end?: Settled;
}

/** A scoped statement that stops after each batch of rows and goes on when asked. */
class PortalQuery extends ScopedQuery {
  readonly #batch: number;
  readonly #onBatch: (rows: pg.QueryResultRow[]) => void;
  #connection: PgConnection | undefined;

  constructor(
    parts: QueryParts,
    batch: number,
    onBatch: (rows: pg.QueryResultRow[]) => void,
    settle: (settled: Settled) => void,
  ) {
    super(parts, settle);
    this.#batch = batch;
    this.#onBatch = onBatch;
  }

  override submit(connection: PgConnection): Error | null {
    this.#connection = connection;
    return super.submit(connection);
  }

  protected override run(message: Message): void {
    message.execute(this.#batch).flush();
  }

  handlePortalSuspended(): void {
    this.#onBatch(this._results.rows.splice(0));
  }

  override handleCommandComplete(message: unknown, connection: unknown): void {
    if (this.completesStatement()) (connection as PgConnection).stream.write(new Message().sync().take());
    super.handleCommandComplete(message, connection);
  }

  override handleError(error: Error, connection: PgConnection): void {
    // behind Flush the server waits for our Sync before it is ready again
    if ((error as { severity?: string }).severity !== undefined) connection.stream.write(new Message().sync().take());
    super.handleError(error, connection);
  }

  more(): void {
    this.#connection?.stream.write(new Message().execute(this.#batch).flush().take());
  }

  /** Ends the portal early. */
  stop(): void {
    this.#connection?.stream.write(new Message().close().sync().take());
  }
}

/**
 * Yields the rows of one statement in batches, holding at most one batch: the server keeps the rest in an open
 * portal of the implicit transaction. Breaking out of the loop closes it; an abort cancels on the server.
 */
export async function* streamRows(
  lease: Lease,
  seals: SealRing,
  parts: { text: string; values: readonly WireValue[]; writes: boolean },
  batch: number,
  signal?: AbortSignal,
): AsyncGenerator<pg.QueryResultRow[]> {
  const { connection } = lease;
  const waiting: ((step: Step) => void)[] = [];
  let ready: Step | undefined;
  let ended = false;
  const push = (step: Step) => {
    ended ||= step.end !== undefined;
    const next = waiting.shift();
    if (next) next(step);
    else ready = step;
  };
  const { before, ahead } = opening(seals, lease.scope, connection, parts.writes);
  const query = new PortalQuery(
    {
      text: parts.text,
      values: parts.values,
      name: '',
      before: Buffer.concat([before, settingBytes({ statement_timeout: STREAM_MS })]),
      ahead: ahead + 1,
    },
    batch,
    (rows) => push({ rows }),
    (settled) => {
      push({ end: connection.settled(settled) });
      lease.release(); // at once: a consumer that went away without a word never comes back to do it
    },
  );
  const onAbort = () => void lease.cancel(new AbortedError());
  let open = false;
  try {
    if (signal?.aborted) throw new AbortedError();
    signal?.addEventListener('abort', onAbort, { once: true });
    open = true;
    connection.submit(query);
    for (;;) {
      const step = ready ?? (await new Promise<Step>((resolve) => waiting.push(resolve)));
      ready = undefined;
      if (signal?.aborted) throw new AbortedError();
      if (step.end) {
        open = false;
        if (step.end.error) throw fromDatabase(step.end.error, false);
        const rows = step.end.result?.rows ?? [];
        if (rows.length > 0) yield rows;
        return;
      }
      if (step.rows && step.rows.length > 0) yield step.rows;
      // the server may have ended the portal while the consumer was busy
      if (!ended) query.more();
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    if (open && !ended && connection.usable) {
      query.stop();
      await new Promise<void>((resolve) => {
        waiting.push(() => resolve());
      });
    }
    lease.release();
  }
}

/** Refuses a batch size that would not bound memory. */
export function checkBatch(batch: number): number {
  if (!Number.isInteger(batch) || batch < 1 || batch > 10_000)
    throw new TenancyError('REFUSED', 'batch: expected 1 to 10000 rows');
  return batch;
}
