import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql, type TenantClient } from '../src/index.ts';
import { openStage } from './stage.ts';

const db = await openStage();
const [a, b] = db.tenants;
const tenancy = await db.tenancy({ connections: 2, multiplexed: 1, perTenant: 2 });
const as = <T>(tenant: string, work: () => Promise<T>) => tenancy.withTenant(tenant, 's:test', work);
const client = <T>(work: (leased: TenantClient) => Promise<T>) =>
  as(a, async () => {
    const leased = await tenancy.pool.connect();
    try {
      return await work(leased);
    } finally {
      leased.release();
    }
  });
const bodies = async (like: string) =>
  (await db.admin.query('select body from shop.notes where body like $1 order by body', [like])).rows.map(
    ({ body }) => body,
  );

test('a client runs a transaction as pg’s users write it, with modes, savepoints and constraints', async () => {
  await client(async (leased) => {
    await leased.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ WRITE;');
    await leased.query('insert into shop.notes (body) values ($1)', ['pg kept']);
    await leased.query('savepoint "a point"');
    await leased.query({ text: 'insert into shop.notes (body) values ($1)', values: ['pg undone'] });
    await assert.rejects(leased.query('select 1 / 0'), { code: '22012', severity: 'ERROR' });
    await assert.rejects(leased.query('select 1'), { code: '25P02' });
    await leased.query('rollback to savepoint "a point"');
    await leased.query('release "a point"');
    await leased.query('set constraints all deferred');
    const { rows, rowCount, fields, command } = await leased.query({
      text: 'select $1::int',
      values: [7],
      rowMode: 'array',
    });
    assert.deepEqual([rows, rowCount, fields.length, command], [[[7]], 1, 1, 'SELECT']);
    assert.equal((await leased.query('commit')).command, 'COMMIT');
    await leased.query('start transaction');
    await leased.query("insert into shop.notes (body) values ('pg aborted')");
    await leased.query('abort');
  });
  assert.deepEqual(await bodies('pg %'), ['pg kept']);
});

test('a client may not end what it did not begin, begin twice, or get a failed COMMIT for a good one', async () => {
  const refused = { code: 'REFUSED' };
  await client(async (leased) => {
    for (const text of [
      'commit',
      'rollback',
      'savepoint x',
      'release x',
      'rollback to x',
      'set constraints all deferred',
    ])
      await assert.rejects(leased.query(text), refused, text);
    await leased.query('begin');
    await assert.rejects(leased.query('begin'), refused);
    await leased.query('select 1 / 0').catch(() => {});
    await assert.rejects(leased.query('commit'), { code: 'TRANSACTION_FAILED' });
    await leased.query('select 1');
  });
  for (const text of ['begin', 'commit', 'savepoint x'])
    await assert.rejects(
      as(a, () => tenancy.pool.query(text)),
      refused,
    );
});

test('a client’s queries that are not awaited one by one run in their order and answer each its own', async () => {
  await client(async (leased) => {
    const results = await Promise.all([
      leased.query('begin'),
      ...Array.from({ length: 20 }, (_, i) => leased.query('select $1::int as i, pg_sleep($2)', [i, (20 - i) / 5_000])),
      leased.query('rollback'),
      leased.query('select body from shop.notes where body = $1', [db.marker(a)]),
    ]);
    assert.deepEqual(
      results.slice(1, 21).map(({ rows }) => rows[0].i),
      Array.from({ length: 20 }, (_, i) => i),
    );
    assert.deepEqual(results.at(-1)?.rows, [{ body: db.marker(a) }]);
  });
});

test('inside a transaction of the kernel the pool object refuses to run beside it', async () => {
  await as(a, () =>
    tenancy.transaction(async (tx) => {
      await assert.rejects(tenancy.pool.query('select 1'), { code: 'IN_TRANSACTION' });
      await assert.rejects(tenancy.pool.connect(), { code: 'IN_TRANSACTION' });
      await tenancy.withTenant(a, 's:inner', () =>
        assert.rejects(tenancy.query(sql`select 1`), { code: 'IN_TRANSACTION' }, 'a nested scope is still inside'),
      );
      await tx.query(sql`select 1`);
    }),
  );
});

test('V55 V59 a released client leaves nothing to whoever comes next, whatever was under way', async () => {
  for (const left of ['begin', 'begin isolation level serializable', "insert into shop.notes (body) values ('left')"]) {
    await as(a, async () => {
      const leased = await tenancy.pool.connect();
      const pending = leased.query(left).catch(() => {});
      leased.release();
      await assert.rejects(leased.query('select 1'), { code: 'LEASE_OVER' });
      await pending;
    });
    const { rows } = await as(b, () => tenancy.query(sql`select body from shop.notes`, { writes: true }));
    assert.deepEqual(rows, [{ body: db.marker(b) }], left);
  }
  const { leased, waiting } = tenancy.counters();
  assert.deepEqual([leased, waiting], [0, 0]);
});

test('the pool object counts what pg’s does, listens to nobody and ends nothing', async () => {
  assert.equal(tenancy.pool.on(), tenancy.pool);
  const leased = await as(a, () => tenancy.pool.connect());
  const other = await as(a, () => tenancy.pool.connect());
  const third = as(a, () => tenancy.pool.connect());
  await sleep(5);
  assert.equal(tenancy.pool.waitingCount, 1);
  assert.equal(tenancy.pool.totalCount - tenancy.pool.idleCount, 2);
  leased.release();
  (await third).release();
  other.release(new Error('this one is broken'));
  await tenancy.pool.end();
  assert.equal((await as(a, () => tenancy.pool.query('select 1'))).rowCount, 1);
});
