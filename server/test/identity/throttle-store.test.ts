import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Unscoped } from '@businessos/tenancy';
import { testDatabase } from '@businessos/tenancy/testing';
import pg from 'pg';
import { migrations, productLogins, setupSql } from '../../src/database.ts';
import {
  addressGroup,
  type Bucket,
  sweepThrottles,
  takeTokens,
  throttleKey,
} from '../../src/identity/throttle-store.ts';

const { admin, connection } = await testDatabase({
  migrations: [migrations],
  setupSql: [setupSql],
  logins: productLogins,
});
// many connections of the serving role, so that takes run at the same time
const pool = new pg.Pool({ ...(connection('bos_identity') as pg.PoolConfig), max: 20, lock_timeout: 5_000 });
pool.on('error', () => {}); // the database may be dropped before they end
test.after(() => pool.end());
const db: Pick<Unscoped, 'query'> = {
  query: <R extends pg.QueryResultRow>({ text, values }: { text: string; values: readonly unknown[] }) =>
    pool.query<R>(text, [...values]),
};

/** So slow that nothing comes back while a test runs. */
const bucket = (capacity: number, more: Partial<Bucket> = {}): Bucket => ({
  key: throttleKey('test', randomBytes(8).toString('hex')),
  capacity,
  perSecond: capacity / 3_600,
  ...more,
});
const count = async (n: number, take: (i: number) => ReturnType<typeof takeTokens>) => {
  const answers = await Promise.all(Array.from({ length: n }, (_, i) => take(i)));
  return answers.filter(({ ok }) => ok).length;
};
/** Lets time pass for a bucket. */
const wait = (key: Buffer, seconds: number) =>
  admin.query('update identity.throttles set at = at - make_interval(secs => $2) where key = $1', [key, seconds]);
const tokensOf = async ({ key }: Bucket) =>
  (await admin.query<{ tokens: number }>('select tokens from identity.throttles where key = $1', [key])).rows[0]
    ?.tokens;

test('of 50 takes at once from a bucket of 10 exactly 10 get one, whether it is new or used', async () => {
  for (let round = 0; round < 5; round++) {
    const fresh = bucket(10);
    assert.equal(await count(50, () => takeTokens(db, [fresh])), 10);
    const used = bucket(11);
    await takeTokens(db, [used]);
    assert.equal(await count(50, () => takeTokens(db, [used])), 10);
  }
});

test('tokens come back with time, never more than the bucket holds', async () => {
  const one = bucket(3); // one in 1,200 seconds
  assert.equal(await count(5, () => takeTokens(db, [one])), 3);
  await wait(one.key, 1_000);
  assert.equal((await takeTokens(db, [one])).ok, false);
  await wait(one.key, 300);
  assert.equal(await count(5, () => takeTokens(db, [one])), 1);
  await wait(one.key, 30_000);
  assert.equal(await count(5, () => takeTokens(db, [one])), 3);
});

test('who is refused learns the wait until a token is back and the bucket that makes it longest', async () => {
  const slow = bucket(2, { perSecond: 1 / 1_800 });
  const fast = bucket(1, { perSecond: 1 / 1_000 });
  const refused = async (buckets: Bucket[], longest: Bucket, seconds: number) => {
    const answer = await takeTokens(db, buckets);
    assert.ok(!answer.ok);
    assert.equal(buckets[answer.empty], longest);
    assert.ok(answer.retryAfterS > seconds - 300 && answer.retryAfterS <= seconds, String(answer.retryAfterS));
  };
  assert.equal((await takeTokens(db, [fast, slow])).ok, true);
  await refused([slow, fast], fast, 1_000);
  assert.equal((await takeTokens(db, [slow])).ok, true);
  await refused([fast, slow], slow, 1_800);
  await refused([slow, fast], slow, 1_800);
});

test('a refused take charges no bucket and is not held against who comes later', async () => {
  const wide = bucket(5);
  const narrow = bucket(1);
  await takeTokens(db, [narrow]);
  assert.equal(await count(30, () => takeTokens(db, [wide, narrow])), 0);
  assert.equal(await tokensOf(wide), undefined);
  await wait(narrow.key, 3_600);
  assert.equal((await takeTokens(db, [wide, narrow])).ok, true);
  assert.equal(await tokensOf(wide), 4);
});

test('takes of the same buckets in any order at once do not wait for each other for ever, and none gives too many', async () => {
  for (let round = 0; round < 20; round++) {
    const [one, two, three] = [bucket(200), bucket(200), bucket(30)];
    const orders = [
      [one, two, three],
      [three, two, one],
      [two, three, one],
      [two, one],
    ];
    const taken = await count(80, (i) => takeTokens(db, orders[i % 4] ?? []));
    assert.equal(taken, 20 + 30);
    assert.ok(((await tokensOf(three)) ?? 9) < 1);
  }
});

test('a clock that was put back gives nothing and takes nothing away', async () => {
  const one = bucket(2);
  await takeTokens(db, [one]);
  await wait(one.key, -3_000);
  assert.equal(await count(3, () => takeTokens(db, [one])), 1);
  await wait(one.key, 3_000);
  assert.equal((await takeTokens(db, [one])).ok, false);
});

test('a bucket that holds nothing, or that an hour does not fill, is a mistake', async () => {
  for (const wrong of [
    { capacity: 0 },
    { capacity: Number.NaN },
    { perSecond: 0 },
    { capacity: 2, perSecond: 1 / 3_600 },
  ]) {
    await assert.rejects(takeTokens(db, [{ ...bucket(1), ...wrong }]), RangeError);
  }
});

test('the sweep deletes rows of full buckets and no other, and neither waits for takes nor stops them', async () => {
  await admin.query('delete from identity.throttles');
  const full = Array.from({ length: 40 }, () => bucket(10));
  const used = bucket(10);
  for (const one of [...full, used]) await takeTokens(db, [one]);
  for (const { key } of full) await wait(key, 3_601);
  await wait(used.key, 3_000);
  await admin.query('begin');
  await admin.query('select from identity.throttles where key = any($1) for update', [[full[0]?.key, full[1]?.key]]);
  assert.equal(await sweepThrottles(db), 38);
  await admin.query('commit');
  assert.equal(await sweepThrottles(db), 2);
  assert.notEqual(await tokensOf(used), undefined);
  for (let round = 0; round < 5; round++) {
    for (const one of full) await takeTokens(db, [one]);
    for (const { key } of full) await wait(key, 3_601);
    const busy = count(40, (i) => takeTokens(db, [full[i] ?? used, full[(i + 7) % 40] ?? used]));
    await Promise.all([sweepThrottles(db), sweepThrottles(db), sweepThrottles(db)]);
    assert.equal(await busy, 40);
  }
});

test('a key is of its kind and parts, and shows none of them', () => {
  assert.equal(throttleKey('mail', 'a@b.example').length, 32);
  assert.deepEqual(throttleKey('mail', 'a', 'b'), throttleKey('mail', 'a', 'b'));
  for (const [kind, ...parts] of [
    ['mail', 'ab'],
    ['mail', 'ab', ''],
    ['maila', 'b'],
    ['mail', 'b', 'a'],
  ] as const) {
    assert.notDeepEqual(throttleKey(kind, ...parts), throttleKey('mail', 'a', 'b'));
  }
});

test('an address is its IPv4, or the /64 of its IPv6, in whatever spelling', () => {
  for (const [address, group] of [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:0207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::6', '2001:db8:1:2::/64'],
    ['2001:db8::', '2001:db8:0:0::/64'],
    ['2001:db8::1:2:3:4:5', '2001:db8:0:1::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['1:2:3:4:5:ffff:1.2.3.4', '1:2:3:4::/64'],
    ['', 'unknown'],
    ['bakery.example', 'unknown'],
    ['192.0.2.7:443', 'unknown'],
    ['192.0.2', 'unknown'],
  ]) {
    assert.equal(addressGroup(address ?? ''), group, address);
  }
});
