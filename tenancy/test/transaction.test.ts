import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql, type Transaction } from '../src/index.ts';
import { openStage } from './stage.ts';

const db = await openStage();
const [a] = db.tenants;
const tenancy = await db.tenancy({ connections: 4, multiplexed: 1, perTenant: 4 });
const as = <T>(work: () => Promise<T>) => tenancy.withTenant(a, 's:test', work);
const insert = (body: string) => sql`insert into shop.notes (body) values (${body})`;
const bodies = async (like: string) =>
  (await db.admin.query('select body from shop.notes where body like $1 order by body', [like])).rows.map(
    ({ body }) => body,
  );

test.afterEach(async () => {
  // an aborted one gives its connection back when the server has let it go
  for (let i = 0; i < 500 && tenancy.counters().leased > 0; i++) await sleep(10);
  assert.deepEqual([tenancy.counters().leased, tenancy.counters().waiting], [0, 0]);
});

test('a deadlock is broken by the server, and the loser runs again where retries are asked for', async () => {
  for (const id of ['1', '2'])
    await db.admin.query('insert into shop.notes (tenant_id, id, body, n) values ($1, $2, $3, 0)', [
      a,
      `00000000-0000-4000-8000-00000000001${id}`,
      `dead ${id}`,
    ]);
  const add = (which: string) => sql`update shop.notes set n = n + 1 where body = ${`dead ${which}`}`;
  let runs = 0;
  const meet = (retries: number) => {
    const locked = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const both = Promise.all(locked.map(({ promise }) => promise));
    return ['1', '2'].map((first, at) =>
      as(() =>
        tenancy.transaction(
          async (tx) => {
            runs++;
            await tx.query(add(first));
            locked[at]?.resolve();
            await both;
            await tx.query(add(first === '1' ? '2' : '1'));
          },
          { retries },
        ),
      ),
    );
  };
  const outcomes = await Promise.allSettled(meet(0));
  const failed = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  assert.deepEqual(
    failed.map(({ code, sqlstate, retryable }) => [code, sqlstate, retryable]),
    [['SERIALIZATION', '40P01', true]],
  );
  runs = 0;
  await Promise.all(meet(3));
  assert.ok(runs > 2, 'no deadlock happened, so nothing was shown');
  const { rows } = await db.admin.query("select n from shop.notes where body like 'dead %'");
  assert.deepEqual(rows, [{ n: 3 }, { n: 3 }]);
});

test('retries are for conflicts only, are counted, and give the last error when they are used up', async () => {
  let runs = 0;
  const conflict = (code: string) =>
    as(() =>
      tenancy.transaction(
        async () => {
          runs++;
          const { TenancyError } = await import('../src/index.ts');
          throw new TenancyError(code, `run ${runs}`);
        },
        { retries: 2 },
      ),
    );
  await assert.rejects(conflict('SERIALIZATION'), { code: 'SERIALIZATION', message: 'run 3' });
  runs = 0;
  await assert.rejects(conflict('CONFLICT'), { message: 'run 1' });
});

test('an error in a query that nobody awaited fails the transaction, and nothing is kept', async () => {
  await assert.rejects(
    as(() =>
      tenancy.transaction(async (tx) => {
        await tx.query(insert('unheard before'));
        tx.query(sql`select 1 / 0`).catch(() => {});
        tx.query(insert('unheard after')).catch(() => {});
      }),
    ),
    { code: 'TRANSACTION_FAILED' },
  );
  await as(() =>
    tenancy.transaction(async (tx) => {
      void tx.query(insert('unawaited, but good'));
    }),
  );
  assert.deepEqual(await bodies('un%'), ['unawaited, but good']);
});

test('queries sent together in one transaction answer each its own, in its order', async () => {
  const results = await as(() =>
    tenancy.transaction((tx) =>
      Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          tx.query(i % 2 ? sql('together')`select ${i}::int as i` : sql`select ${i}::int as i, pg_sleep(0.0005)`),
        ),
      ),
    ),
  );
  assert.deepEqual(
    results.map(({ rows }) => rows[0]?.['i']),
    Array.from({ length: 50 }, (_, i) => i),
  );
});

test('a transaction is over after its end, its last statement, its failure and its abort', async () => {
  const ended: Transaction[] = [];
  const codes = async (statement = sql`select 1`) =>
    await Promise.all(
      ended.map((tx) =>
        as(() => tx.query(statement)).then(
          () => 'ok',
          ({ code }: { code: string }) => code,
        ),
      ),
    );
  const controller = new AbortController();
  const keep = async (tx: Transaction) => void ended.push(tx);
  await as(() => tenancy.transaction(keep));
  await as(() =>
    tenancy.transaction(async (tx) => {
      await keep(tx);
      await tx.query(sql`select 1`, { last: true });
      await assert.rejects(tx.query(sql`select 1`), { code: 'LEASE_OVER' });
    }),
  );
  await as(() => tenancy.transaction((tx) => keep(tx).then(() => Promise.reject(new Error('no'))))).catch(() => {});
  const aborted = as(() =>
    tenancy.transaction(
      async (tx) => {
        await keep(tx);
        await tx.query(sql`select pg_sleep(5)`);
      },
      { signal: controller.signal },
    ),
  );
  await sleep(50);
  controller.abort();
  await assert.rejects(aborted, { code: 'ABORTED' });
  assert.deepEqual(await codes(insert('too late')), ['LEASE_OVER', 'LEASE_OVER', 'LEASE_OVER', 'ABORTED']);
  assert.deepEqual(await bodies('too late'), []);
});

test('the last statement commits what went before it, and takes it down when it fails', async () => {
  const two = (second: ReturnType<typeof sql>) =>
    as(() =>
      tenancy.transaction(async (tx) => {
        await tx.query(insert('with the last'));
        return (await tx.query(second, { last: true })).rows;
      }),
    );
  await assert.rejects(two(sql`select 1 / 0`), { code: 'VALUE_REFUSED' });
  await assert.rejects(two(sql`set x.y = 1`), { code: 'REFUSED' });
  await assert.rejects(two(sql`select ${{ toPostgres: () => assert.fail('odd value') }}`), { code: 'VALUE_REFUSED' });
  assert.deepEqual(await bodies('with the last'), []);
  assert.deepEqual(await two(sql`select 7 as n`), [{ n: 7 }]);
  assert.deepEqual(await bodies('with the last'), ['with the last']);
});

test('only the modes of a transaction that exist are sent; read only is kept by the server', async () => {
  const odd = { isolation: 'serializable; drop table shop.notes' } as never;
  let ran = false;
  await assert.rejects(
    as(() =>
      tenancy.transaction(async () => {
        ran = true;
      }, odd),
    ),
    { code: 'REFUSED' },
  );
  assert.equal(ran, false);
  await assert.rejects(
    as(() => tenancy.transaction((tx) => tx.query(insert('read only')), { readOnly: true })),
    { sqlstate: '25006' },
  );
  for (const isolation of ['read committed', 'repeatable read', 'serializable'] as const) {
    const { rows } = await as(() =>
      tenancy.transaction((tx) => tx.query(sql`select current_setting('transaction_isolation') as i`), { isolation }),
    );
    assert.deepEqual(rows, [{ i: isolation }]);
  }
});

test('a savepoint that fails undoes itself only, three deep, and a value that is returned comes through', async () => {
  const value = await as(() =>
    tenancy.transaction(async (tx) => {
      await tx.query(insert('deep 0'));
      return await tx.savepoint(async () => {
        await tx.query(insert('deep 1'));
        await assert.rejects(
          tx.savepoint(async () => {
            await tx.query(insert('deep 2'));
            await tx.savepoint(async () => await tx.query(insert('deep 3')));
            throw new Error('back');
          }),
          /back/,
        );
        return 'through';
      });
    }),
  );
  assert.equal(value, 'through');
  assert.deepEqual(await bodies('deep %'), ['deep 0', 'deep 1']);
});
