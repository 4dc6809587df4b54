import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql, type Tenancy } from '../src/index.ts';
import { openStage } from './stage.ts';

const db = await openStage();
const [a, b] = db.tenants;
const tenancy = await db.tenancy({ connections: 1, multiplexed: 1 });
const as = <T>(tenant: string, work: () => Promise<T>, kernel: Tenancy = tenancy) =>
  kernel.withTenant(tenant, 's:test', work);
const active = async (marker: string) =>
  Number(
    (
      await db.admin.query(
        "select count(*) from pg_stat_activity where query like $1 and state <> 'idle' and pid <> pg_backend_pid()",
        [`%${marker}%`],
      )
    ).rows[0].count,
  );
const until = async (holds: () => Promise<boolean>) => {
  for (let i = 0; i < 500 && !(await holds()); i++) await sleep(10);
  assert.ok(await holds());
};

test.afterEach(() => {
  const { leased, waiting, multiplexedInFlight } = tenancy.counters();
  assert.deepEqual([leased, waiting, multiplexedInFlight], [0, 0, 0]);
});

test('what is aborted before it starts calls nothing and sends nothing', async () => {
  const signal = AbortSignal.abort();
  const { destroyed } = tenancy.counters();
  await as(a, async () => {
    let called = false;
    const transaction = tenancy.transaction(
      async () => {
        called = true;
      },
      { signal },
    );
    await assert.rejects(transaction, { code: 'ABORTED' });
    await assert.rejects(tenancy.query(sql`select 1`, { signal }), { code: 'ABORTED' });
    assert.equal(called, false);
  });
  assert.equal(tenancy.counters().destroyed, destroyed);
});

test('one that waits in the queue leaves it, and the others keep their turns', async () => {
  const controller = new AbortController();
  const order: string[] = [];
  await as(a, async () => {
    const turn = (name: string, signal?: AbortSignal) =>
      tenancy
        .transaction(async (tx) => await tx.query(sql`select pg_sleep(0.05)`), signal && { signal })
        .then(
          () => order.push(name),
          (error: { code: string }) => order.push(`${name} ${error.code}`),
        );
    const turns = [turn('first'), turn('second', controller.signal), turn('third')];
    await sleep(10);
    controller.abort();
    await Promise.all(turns);
  });
  assert.deepEqual(order, ['second ABORTED', 'first', 'third']);
});

test('a transaction aborted between two statements, or in one, is rolled back on the server', async () => {
  for (const inside of [false, true]) {
    const controller = new AbortController();
    const marker = `aborted ${inside}`;
    const work = as(a, () =>
      tenancy.transaction(
        async (tx) => {
          await tx.query(sql`insert into shop.notes (body) values (${marker})`);
          if (inside) await tx.query({ text: `select pg_sleep(20) as "${marker}"`, values: [] });
          else await sleep(2_000);
          await tx.query(sql`insert into shop.notes (body) values (${marker})`);
        },
        { signal: controller.signal },
      ),
    );
    work.catch(() => {});
    if (inside) await until(async () => (await active(marker)) === 1);
    else await sleep(100);
    controller.abort();
    await assert.rejects(work, { code: 'ABORTED' });
    await until(async () => (await active(inside ? marker : 'shop.notes (body)')) === 0);
    assert.equal((await db.admin.query('select 1 from shop.notes where body = $1', [marker])).rowCount, 0);
    assert.deepEqual((await as(b, () => tenancy.query(sql`select body from shop.notes`))).rows, [
      { body: db.marker(b) },
    ]);
  }
});

test('a read that shares its connection is given up at once, and those behind it get their own answers', async () => {
  const nap = (seconds: number) => sql('nap')`select ${seconds}::float8 as s, pg_sleep(${seconds})`;
  await as(a, async () => {
    await tenancy.query(nap(0));
    await tenancy.query(nap(0)); // it has a history of being quick: from now on it shares
    const controller = new AbortController();
    const slow = tenancy.query(nap(0.4), { signal: controller.signal });
    let settled = false;
    slow.catch(() => {
      settled = true;
    });
    await until(async () => (await active('pg_sleep($2)')) === 1);
    const behind = as(a, () => tenancy.query(nap(0)));
    controller.abort();
    await sleep(0);
    assert.ok(settled, 'it was waited for');
    await assert.rejects(slow, { code: 'ABORTED' });
    assert.deepEqual((await behind).rows, [{ s: 0, pg_sleep: '' }]);
    await until(async () => tenancy.counters().multiplexedInFlight === 0);
  });
});

test('a statement whose text is new never shares a connection, so nobody waits behind it', async () => {
  const shared = async () => tenancy.counters().multiplexedInFlight;
  await as(a, async () => {
    const slow = tenancy.query({ text: 'select pg_sleep(0.2) as "never seen"', values: [] });
    await until(async () => (await active('never seen')) === 1);
    assert.equal(await shared(), 0);
    await slow;
  });
});
