import { createHash } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { type Statement, sql, type Unscoped } from '@businessos/tenancy';
import { lengthPrefixed } from './length-prefixed.ts';

type Db = Pick<Unscoped, 'query'>;

/** A bucket holds at most `capacity` tokens (1 or more) and gets `perSecond` back each second. */
export interface Bucket {
  key: Buffer;
  capacity: number;
  perSecond: number;
}

/** After so long without a take any bucket is full, so its row says no more than its absence. */
const FULL_AFTER_S = 3_600;
const SWEEP = 1_000;

/**
 * Takes one token from every bucket, or tells after how many seconds it is worth another try and which bucket (its
 * place in the list) makes one wait longest. A bucket that was never used is full; time is the database's.
 *
 * No bucket ever gives more than it holds, under any concurrency. When one is empty, none is charged and nothing is
 * written: a guesser who is refused at his own address does not empty the bucket of the person he guesses at. Only of
 * takes that raced for a last token the losers may have charged their other buckets. It is one statement that locks
 * rows in the order of keys, so no deadlock; but not for use in a transaction, which would hold those locks to its end.
 * Keys must differ.
 * @throws RangeError for a bucket that holds nothing, or that an hour does not fill.
 */
export async function takeTokens(
  db: Db,
  buckets: readonly Bucket[],
): Promise<{ ok: true } | { ok: false; retryAfterS: number; empty: number }> {
  for (const { capacity, perSecond } of buckets) {
    if (!(capacity >= 1 && capacity <= perSecond * FULL_AFTER_S)) {
      throw new RangeError(`bucket: ${capacity} tokens at ${perSecond} a second; an hour must fill one of at least 1`);
    }
  }
  const keys = buckets.map(({ key }) => key);
  const capacities = buckets.map(({ capacity }) => capacity);
  const rates = buckets.map(({ perSecond }) => perSecond);
  const { rows } = await db.query<{ place: number; wait: number }>(
    sql('take_tokens')`with wanted as (
        select * from unnest(${keys}::bytea[], ${capacities}::float8[], ${rates}::float8[])
          with ordinality as w (key, capacity, rate, place)
      ), known as (
        select w.*, coalesce(${refilled(sql`statement_timestamp()`)}, w.capacity) as tokens
        from wanted w left join identity.throttles t using (key)
      ), taken as (
        insert into identity.throttles as t (key, tokens, at)
        select key, capacity - 1, statement_timestamp() from wanted
        where not exists (select from known where tokens < 1) order by key
        on conflict (key) do update set (tokens, at) = (
          select least(${refilled(sql`excluded.at`)}, w.capacity) - 1, greatest(excluded.at, t.at)
          from wanted w where w.key = excluded.key
        ) where (select ${refilled(sql`excluded.at`)} >= 1 from wanted w where w.key = excluded.key)
        returning key
      )
      select place::int - 1 as place, (1 - case when tokens < 1 then tokens else 0 end) / rate as wait from known
      where case when exists (select from known where tokens < 1) then tokens < 1
        else key not in (select key from taken) end
      order by wait desc limit 1`,
  );
  const longest = rows[0];
  if (longest === undefined) return { ok: true };
  return { ok: false, retryAfterS: Math.max(1, Math.ceil(longest.wait)), empty: longest.place };
}

/** What a row `t` of the bucket `w` would hold at a time, if a bucket had no end; a clock that was put back refills nothing. */
function refilled(at: Statement): Statement {
  return sql`t.tokens + greatest(extract(epoch from ${at} - t.at)::float8, 0) * w.rate`;
}

/** Deletes rows of buckets that are full again, at most 1,000; returns how many, so that the caller goes on at that number. */
export async function sweepThrottles(db: Db): Promise<number> {
  // rows that a take holds are left alone: waiting for them in another order than its own would be a deadlock
  const { rowCount } = await db.query(
    sql('sweep_throttles')`delete from identity.throttles where key in (
      select key from identity.throttles where at < now() - make_interval(secs => ${FULL_AFTER_S})
      limit ${SWEEP} for update skip locked)`,
  );
  return rowCount ?? 0;
}

/** Names a bucket: SHA-256 of its kind and what it is for, so that the table holds neither addresses nor e-mails. */
export function throttleKey(kind: string, ...parts: readonly string[]): Buffer {
  return createHash('sha256')
    .update(lengthPrefixed(kind, ...parts))
    .digest();
}

/**
 * What counts as one address: an IPv4 address (also inside IPv6, `::ffff:a.b.c.d`) as it is, of IPv6 its /64, which is
 * what one subscriber has at least. All that is no address counts as one.
 */
export function addressGroup(address: string): string {
  if (isIPv4(address)) return address;
  const bare = address.replace(/%.*$/, '');
  if (!isIPv6(bare)) return 'unknown';
  const [head = '', tail = ''] = new URL(`http://[${bare}]`).hostname.slice(1, -1).split('::'); // one spelling, RFC 5952
  const [left, right] = [head, tail].map((part) => part.split(':').filter((group) => group !== '')) as [
    string[],
    string[],
  ];
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16));
  if (groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff') return [high >> 8, high & 255, low >> 8, low & 255].join('.');
  return `${groups.slice(0, 4).join(':')}::/64`;
}
