import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql, type Tenancy } from '../src/index.ts';
import { slowWire } from './slow-wire.ts';
import { openStage } from './stage.ts';

const db = await openStage();
const [a, b] = db.tenants;
const tenancy = await db.tenancy({ connections: 3, multiplexed: 1, perTenant: 3 });
const as = <T>(tenant: string, work: () => Promise<T>, kernel: Tenancy = tenancy) =>
  kernel.withTenant(tenant, 's:test', work);
const numbers = (to: number) => sql`select i from generate_series(1, ${to}::int) i`;
const waiting = async (query: string) =>
  Number(
    (
      await db.admin.query(
        'select count(*) from pg_stat_activity where query like $1 and backend_xid is null and pid <> pg_backend_pid() and state = $2',
        [`%${query}%`, 'active'],
      )
    ).rows[0].count,
  );

test.afterEach(() => {
  const { leased, waiting: queued } = tenancy.counters();
  assert.deepEqual([leased, queued], [0, 0]);
});

test('the server sends one batch and no more until the consumer asks', async () => {
  const wire = await slowWire(db.connection('bos_app'));
  const kernel = await db.tenancy({ connections: 1, multiplexed: 0, connection: wire.connection });
  const wide = sql`select repeat('x', 1000) as wide from generate_series(1, 100000)`;
  await as(
    a,
    async () => {
      await kernel.query(sql`select 1`);
      const before = wire.received;
      let rows = 0;
      for await (const _ of kernel.stream(wide, { batch: 50 })) {
        if (++rows % 50 !== 1) continue;
        await sleep(50); // time enough to send a hundred batches
        const batches = Math.ceil(rows / 50);
        assert.ok(wire.received - before < batches * 50 * 1_100, `${wire.received - before} bytes at row ${rows}`);
        if (rows > 200) break;
      }
    },
    kernel,
  );
  assert.equal(kernel.counters().leased, 0);
});

test('V176 a stream belongs to the scope that made it: it reads as that tenant, and in another tenant’s scope not at all', async () => {
  const make = () => tenancy.stream<{ body: string }>(sql`select body from shop.notes`, { batch: 1 });
  const outside = await as(a, async () => ({ stream: make() }));
  const bodies: string[] = [];
  for await (const { body } of outside.stream) bodies.push(body);
  assert.deepEqual(bodies, [db.marker(a)]);

  const elsewhere = await as(a, async () => ({ stream: make() }));
  await assert.rejects(
    as(b, () => elsewhere.stream.next()),
    { code: 'SCOPE_SWITCH' },
  );

  const many = await as(a, async () => ({ stream: tenancy.stream(numbers(10), { batch: 2 }) }));
  await as(a, () => many.stream.next());
  await assert.rejects(
    as(b, () => many.stream.next()),
    { code: 'SCOPE_SWITCH' },
  );
  assert.equal(tenancy.counters().leased, 0, 'the refusal ends it');

  const early = tenancy.stream(numbers(3));
  await assert.rejects(
    as(a, () => early.next()),
    { code: 'NO_TENANT' },
  );
  const beside = await as(a, () => tenancy.transaction(async () => ({ stream: tenancy.stream(numbers(3)) })));
  await assert.rejects(
    as(a, () => beside.stream.next()),
    { code: 'IN_TRANSACTION' },
  );
});

test('two streams at once and one inside another’s loop keep their rows apart', async () => {
  const sum = async (to: number) => {
    let total = 0;
    for await (const { i } of tenancy.stream<{ i: number }>(numbers(to), { batch: 7 })) total += i;
    return total;
  };
  await as(a, async () => {
    assert.deepEqual(await Promise.all([sum(100), sum(333)]), [5_050, 55_611]);
    const inner: number[] = [];
    for await (const { i } of tenancy.stream<{ i: number }>(numbers(9), { batch: 2 })) inner.push(await sum(i));
    assert.deepEqual(inner, [1, 3, 6, 10, 15, 21, 28, 36, 45]);
  });
});

test('a consumer that throws, breaks or abandons mid-way gives a clean connection back', async () => {
  const one = await db.tenancy({ connections: 1, multiplexed: 0 });
  await as(
    a,
    async () => {
      await one.query(numbers(1));
      for (const leave of ['throw', 'break', 'return'] as const) {
        const stream = one.stream(numbers(1_000), { batch: 10 });
        let seen = 0;
        const work = async () => {
          for await (const _ of stream) {
            if (++seen < 15) continue;
            if (leave === 'throw') throw new Error('enough');
            if (leave === 'return') await stream.return(undefined);
            break;
          }
        };
        if (leave === 'throw') await assert.rejects(work, /enough/);
        else await work();
        assert.equal(one.counters().leased, 0, leave);
        assert.deepEqual((await one.query(sql`select 7 as n`)).rows, [{ n: 7 }], leave);
      }
    },
    one,
  );
  assert.equal(one.counters().destroyed, 0);
});

test('a consumer that went away without a word holds a connection no longer than the server holds its statement', async () => {
  await as(a, async () => {
    const forgotten = tenancy.stream(sql`select i as forgotten from generate_series(1, 1000) i`, { batch: 2 });
    await forgotten.next();
    assert.equal(tenancy.counters().leased, 1);
    await db.admin.query(
      "select pg_terminate_backend(pid, 2000) from pg_stat_activity where query like '%as forgotten%' and pid <> pg_backend_pid()",
    );
    for (let i = 0; i < 200 && tenancy.counters().leased > 0; i++) await sleep(10);
    assert.equal(tenancy.counters().leased, 0);
    await forgotten.next();
    await assert.rejects(forgotten.next(), { code: 'DATABASE_UNAVAILABLE' });
    assert.deepEqual((await tenancy.query(sql`select 1 as one`)).rows, [{ one: 1 }]);
  });
});

test('an abort cancels a stream on the server, while it sends and while its consumer is busy', async () => {
  for (const busy of [false, true]) {
    const controller = new AbortController();
    const text = `select i, pg_sleep(0.01) as "stream ${busy}" from generate_series(1, 2000) i`;
    const work = as(a, async () => {
      for await (const _ of tenancy.stream(
        { text, values: [] },
        { batch: busy ? 1 : 1_000, signal: controller.signal },
      ))
        await sleep(200);
    });
    work.catch(() => {});
    while ((await waiting(`stream ${busy}`)) === 0) await sleep(10);
    controller.abort();
    await assert.rejects(work, { code: 'ABORTED' });
    for (let i = 0; i < 200 && (await waiting(`stream ${busy}`)) > 0; i++) await sleep(10);
    assert.equal(await waiting(`stream ${busy}`), 0);
  }
  const before = AbortSignal.abort();
  await assert.rejects(
    as(a, () => tenancy.stream(numbers(1), { signal: before }).next()),
    { code: 'ABORTED' },
  );
});

test('a stream whose form is refused takes no connection, and one that fails at once gives it back', async () => {
  await as(a, async () => {
    for (const batch of [0, 1.5, -1, 10_001, Number.NaN])
      await assert.rejects(tenancy.stream(numbers(1), { batch }).next(), { code: 'REFUSED' });
    for (const text of ['begin', 'copy shop.notes to stdout', 'declare c cursor for select 1', 'select 1\0'])
      await assert.rejects(tenancy.stream({ text, values: [] }).next(), { code: 'REFUSED' });
    const cyclic: unknown[] = [];
    cyclic.push({ cyclic });
    await assert.rejects(tenancy.stream({ text: 'select $1', values: cyclic }).next(), { code: 'VALUE_REFUSED' });
    await assert.rejects(tenancy.stream(sql`select * from shop.nothing`).next(), { code: 'QUERY_FAILED' });
    assert.deepEqual(await Array.fromAsync(tenancy.stream(numbers(0))), []);
    assert.equal((await Array.fromAsync(tenancy.stream(numbers(500), { batch: 500 }))).length, 500);
  });
});

test('a stream that writes does so as its tenant, and a stream ends its transaction', async () => {
  const insert = sql`insert into shop.notes (body) select 'streamed ' || i from generate_series(1, 30) i returning body`;
  const count = async () =>
    (await db.admin.query("select tenant_id as t from shop.notes where body like 'streamed %'")).rows.map(({ t }) => t);
  await as(b, async () => {
    assert.equal((await Array.fromAsync(tenancy.stream(insert, { batch: 10 }))).length, 30);
  });
  assert.deepEqual(new Set(await count()), new Set([b]));
});
