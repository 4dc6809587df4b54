import type { Transaction } from '@businessos/tenancy';
import { sql, TenancyError } from '@businessos/tenancy';
import { Refusal } from '../refusal.ts';

/** An answer as it was given, to be given again. */
export interface StoredAnswer {
  status: number;
  body: string;
  etag: string | null;
}

interface Row extends StoredAnswer {
  request_hash: string;
}

/**
 * Takes the key in the write's own transaction; a request that still runs with it is waited for. Returns undefined
 * when the write is to be done, or the stored answer. Keys live 24 hours.
 * @throws Refusal KEY_REUSED when the key came with another request, REQUEST_RUNNING when the wait got too long.
 */
export async function takeKey(
  tx: Transaction,
  principal: string,
  key: string,
  hash: string,
): Promise<StoredAnswer | undefined> {
  const { rowCount } = await tx
    .query(
      sql(
        'idempotency_take',
      )`insert into server.idempotency as i (principal, key, request_hash) values (${principal}, ${key}, ${hash})
        on conflict (tenant_id, principal, key) do update
        set request_hash = excluded.request_hash, status = null, body = null, etag = null, created_at = now()
        where i.created_at < now() - interval '24 hours'`,
    )
    .catch((error: unknown) => {
      if (error instanceof TenancyError && error.sqlstate === '55P03')
        throw new Refusal('REQUEST_RUNNING', { cause: error });
      throw error;
    });
  if (rowCount === 1) return undefined;
  const { rows } = await tx.query<Row>(
    sql(
      'idempotency_read',
    )`select request_hash, status, body, etag from server.idempotency where principal = ${principal} and key = ${key}`,
  );
  const row = rows[0];
  if (row === undefined || row.status === null) throw new Refusal('REQUEST_RUNNING');
  if (row.request_hash !== hash) throw new Refusal('KEY_REUSED');
  return { status: row.status, body: row.body, etag: row.etag };
}

/** Stores the answer and commits: both leave in one flush. */
export async function keepAnswer(tx: Transaction, principal: string, key: string, answer: StoredAnswer): Promise<void> {
  await tx.query(
    sql('idempotency_keep')`with old as (
        delete from server.idempotency where created_at < now() - interval '24 hours' and key <> ${key}
      ) update server.idempotency set status = ${answer.status}, body = ${answer.body}, etag = ${answer.etag}
        where principal = ${principal} and key = ${key}`,
    { last: true },
  );
}
