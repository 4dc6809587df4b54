import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '../src/index.ts';
import { openKernel } from './stage.ts';

const { a, as, b, clean, count, db, tenancy } = await openKernel();
test.afterEach(clean);

test('the server holds the rest of a stream: a hundred thousand wide rows cost the client one batch', async () => {
  await as(a, async () => {
    let most = 0;
    let rows = 0;
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for await (const _ of tenancy.stream(sql`select repeat('x', 1000) as wide, i from generate_series(1, 100000) i`, {
      batch: 200,
    })) {
      if (++rows % 10_000 === 0) most = Math.max(most, process.memoryUsage().heapUsed - before);
    }
    assert.equal(rows, 100_000);
    assert.ok(most < 60e6, `${Math.round(most / 1e6)} MB for 100 MB of rows`);
  });
});

test('bulk insert takes every type, refuses other columns and tenant_id, and is all or none', async () => {
  const before = await count(b);
  await as(b, async () => {
    assert.equal(
      await tenancy.insertMany('shop.notes', ['body', 'n'], [{ body: 'O\'Brien — ümläut \\ "quoted"', n: null }]),
      1,
    );
    for (const [columns, row] of [
      [['body'], { body: 'x', n: 1 }],
      [['body', 'n'], { body: 'x' }],
      [['tenant_id', 'body'], { tenant_id: a, body: 'x' }],
      [['bo"dy'], { 'bo"dy': 1 }],
      [[], {}],
    ] as [string[], Record<string, unknown>][]) {
      await assert.rejects(tenancy.insertMany('shop.notes', columns, [row]), { code: 'REFUSED' });
    }
    for (const table of ['notes', 'shop.notes; drop', 'a.b.c'])
      await assert.rejects(tenancy.insertMany(table, ['body'], [{ body: 'x' }]), { code: 'REFUSED' });
    const many = Array.from({ length: 2_100 }, (_, n) => ({ body: n === 2_050 ? null : 'x', n }));
    await assert.rejects(tenancy.insertMany('shop.notes', ['body', 'n'], many), { code: 'VALUE_REFUSED' });
  });
  assert.equal(await count(b), before + 1);
});

test('800 mixed calls of 8 tenants over 4 connections, a fifth failing: no foreign row, no leaked connection', async () => {
  const kernel = await db.tenancy({ connections: 3, multiplexed: 1 });
  const tenants = await Promise.all(Array.from({ length: 8 }, () => db.addTenant()));
  for (const tenant of tenants)
    await db.admin.query('insert into shop.notes (tenant_id, body) values ($1, $2)', [tenant, db.marker(tenant)]);
  const read = sql('mixed')`select body from shop.notes`;
  await Promise.all(
    Array.from({ length: 800 }, (_, i) => {
      const tenant = tenants[i % 8] as string;
      return as(
        tenant,
        async () => {
          const work = [
            () => kernel.query(read),
            () => kernel.query(sql`select body, 1 / 0 from shop.notes`),
            () => kernel.transaction((tx) => tx.query(read, { last: true })),
            () => kernel.pool.query('select body from shop.notes'),
            () => kernel.query(sql`update shop.notes set n = ${i} returning body`),
          ][i % 5] as () => Promise<{ rows: unknown[] }>;
          const rows = await work().then(
            (result) => result.rows,
            (error: { code: string }) => (error.code === 'VALUE_REFUSED' ? [] : Promise.reject(error)),
          );
          assert.deepEqual(
            rows.map((row) => (row as { body: string }).body),
            i % 5 === 1 ? [] : [db.marker(tenant)],
          );
        },
        kernel,
      );
    }),
  );
  const { leased, waiting, multiplexedInFlight, connections } = kernel.counters();
  assert.deepEqual([leased, waiting, multiplexedInFlight, connections <= 4], [0, 0, 0, true]);
});

test('values that cannot be sent are refused before anything is, and a transaction is not committed without them', async () => {
  const before = await count(a);
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const many = Array.from({ length: 70_000 }, (_, i) => i);
  await as(a, async () => {
    for (const values of [[cyclic], many]) {
      await assert.rejects(tenancy.query({ text: 'select $1::text', values }), { code: 'VALUE_REFUSED' });
      await assert.rejects(tenancy.query({ text: 'select $1::text', values }, { writes: true }), {
        code: 'VALUE_REFUSED',
      });
    }
    const half = tenancy.transaction(async (tx) => {
      await tx.query(sql`insert into shop.notes (body) values (${'half'})`);
      await tx.query(sql`insert into shop.notes (body) values (${cyclic})`, { last: true });
    });
    await assert.rejects(half, { code: 'VALUE_REFUSED' });
    const after = tenancy.transaction(async (tx) => {
      await tx.query(sql`select 1`, { last: true });
      await tx.query(sql`insert into shop.notes (body) values (${'outside'})`);
    });
    await assert.rejects(after, { code: 'LEASE_OVER' });
    let ran = false;
    const aborted = tenancy.transaction(
      async () => {
        ran = true;
      },
      { signal: AbortSignal.abort() },
    );
    await assert.rejects(aborted, { code: 'ABORTED' });
    assert.equal(ran, false);
  });
  assert.equal(await count(a), before);
});

test('a stream outlives the timeout of a statement, and one that the server ended does not hang', async () => {
  const kernel = await db.tenancy({
    connections: 1,
    multiplexed: 0,
    connection: { ...db.connection('bos_app'), statementTimeoutMs: 100 },
  });
  const slow = async (act: (seen: number) => Promise<unknown>) => {
    let seen = 0;
    for await (const _ of kernel.stream(sql`select generate_series(1, 500)`, { batch: 50 }))
      if ((await act(++seen)) === 'stop') break;
    return seen;
  };
  const wait = () => new Promise((resolve) => setTimeout(resolve, 250));
  await as(
    a,
    async () => {
      assert.equal(await slow(async (seen) => await (seen === 1 ? wait() : undefined)), 500);
      const kill = () =>
        db.admin.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'bos_app' and query like '%generate_series(1, 500)%' and pid <> pg_backend_pid()",
        );
      await assert.rejects(
        slow(async (seen) => {
          if (seen === 1) {
            await kill();
            await wait();
          }
        }),
        { code: 'DATABASE_UNAVAILABLE' },
      );
      assert.equal(
        await slow(async (seen) => {
          if (seen === 1) {
            await kill();
            await wait();
            return 'stop';
          }
          return undefined;
        }),
        1,
      );
      assert.equal(await slow(async () => undefined), 500);
    },
    kernel,
  );
  assert.equal(kernel.counters().leased, 0);
});
