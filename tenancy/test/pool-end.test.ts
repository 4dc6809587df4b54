import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql, type Tenancy } from '../src/index.ts';
import { openStage } from './stage.ts';

const db = await openStage();
const [a, b] = db.tenants;
const as = <T>(kernel: Tenancy, tenant: string, work: () => Promise<T>) => kernel.withTenant(tenant, 's:test', work);
const connected = async () =>
  Number(
    (
      await db.admin.query(
        "select count(*) from pg_stat_activity where usename = 'bos_app' and datname = current_database()",
      )
    ).rows[0].count,
  );

test('end() lets finish what was accepted, running, waiting or multiplexed, refuses the rest, and leaves no connection', async () => {
  const kernel = await db.tenancy({ connections: 2, multiplexed: 2, perTenant: 2 });
  const quick = sql('quick')`select 1 as one`;
  for (let i = 0; i < 3; i++) await as(kernel, a, () => kernel.query(quick));
  const work = [
    ...[1, 2, 3, 4, 5].map(() =>
      as(kernel, a, () => kernel.transaction((tx) => tx.query(sql`select 1 as one, pg_sleep(0.05)`))),
    ),
    ...[1, 2, 3].map(() => as(kernel, b, () => kernel.query(quick))),
    as(kernel, b, async () => ({ rows: await Array.fromAsync(kernel.stream(sql`select 1 as one`)) })),
  ];
  await sleep(5);
  const ending = kernel.end();
  await assert.rejects(
    as(kernel, b, () => kernel.query(quick)),
    { code: 'POOL_ENDED' },
  );
  await assert.rejects(
    as(kernel, b, () => kernel.transaction(async () => 1)),
    { code: 'POOL_ENDED' },
  );
  for (const { rows } of await Promise.all(work)) assert.equal(rows[0]?.['one'], 1);
  await ending;
  await kernel.end(); // a second time does nothing
  for (let i = 0; i < 100 && (await connected()) > 0; i++) await sleep(10);
  assert.equal(await connected(), 0);
});

test('end() breaks off what outlasts its grace, a stream that nobody reads included', async () => {
  const { Pool } = await import('../src/pool.ts');
  const { SealRing } = await import('../src/seal.ts');
  const { makeScope, runInScope } = await import('../src/scope.ts');
  const { streamRows } = await import('../src/stream.ts');
  const seals = new SealRing(db.sealKeys);
  const pool = new Pool({
    connection: db.connection('bos_app'),
    seals,
    connections: 2,
    multiplexed: 1,
    perTenant: 2,
    maxWaiting: 10,
    maxWaitMs: 10_000,
    prepare: true,
  });
  const scope = makeScope(a, 's:test');
  await runInScope(scope, async () => {
    const parts = { text: 'select generate_series(1, 1000)', values: [], writes: false };
    const stream = streamRows(await pool.lease(scope), seals, parts, 10);
    await stream.next();
    const sleeping = pool.run(scope, sql`select pg_sleep(30)`, { writes: true });
    const queued = pool.run(scope, sql`select 1`, {});
    const outcomes = Promise.allSettled([sleeping, queued]);
    await pool.end(50);
    assert.deepEqual(
      (await outcomes).map((one) => one.status === 'rejected' && one.reason.code),
      ['OUTCOME_UNKNOWN', 'POOL_ENDED'],
    );
    await assert.rejects(stream.next(), { code: 'DATABASE_UNAVAILABLE' });
  });
  const { leased, waiting, connections } = pool.counters();
  assert.deepEqual([leased, waiting, connections], [0, 0, 0]);
});
