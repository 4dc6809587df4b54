import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findScope, sql } from '../src/index.ts';
import { openKernel, openStage, SAME_ID } from './stage.ts';

const { a, as, b, clean, count, db, tenancy } = await openKernel();
test.afterEach(clean);

test('without a scope nothing is asked: an error, not an empty answer', async () => {
  const read = sql`select 1`;
  for (const act of [
    () => tenancy.query(read),
    () => tenancy.transaction(async () => 1),
    () => tenancy.insertMany('shop.notes', ['body'], [{ body: 'x' }]),
    () => tenancy.explain(read),
    () => tenancy.stream(read).next(),
  ]) {
    await assert.rejects(act, { code: 'NO_TENANT' });
  }
  assert.throws(() => tenancy.currentScope(), { code: 'NO_TENANT' });
});

test('a scope is for one tenant: another one inside is refused, the same one nests, and its parts are checked', async () => {
  await as(a, async () => {
    assert.throws(() => tenancy.withTenant(b, 's:test', async () => 1), { code: 'SCOPE_SWITCH' });
    assert.equal(await tenancy.withTenant(a, 's:inner', async () => tenancy.currentScope().principal), 's:inner');
  });
  for (const [tenant, principal] of [
    ['x', 's:test'],
    [a.toUpperCase(), 's:test'],
    [a, 'root'],
    [a, 'u:1'],
    [a, 's:a.b'],
  ] as const) {
    assert.throws(() => tenancy.withTenant(tenant, principal, async () => 1), { code: 'REFUSED' });
  }
});

test('a query beside a transaction, and a transaction used after its end, are errors', async () => {
  let kept: { query: (statement: ReturnType<typeof sql>) => Promise<unknown> } | undefined;
  await as(a, () =>
    tenancy.transaction(async (tx) => {
      kept = tx as never;
      await assert.rejects(tenancy.query(sql`select 1`), { code: 'IN_TRANSACTION' });
    }),
  );
  await assert.rejects(
    as(a, async () => await kept?.query(sql`select 1` as never)),
    { code: 'LEASE_OVER' },
  );
});

test('a transaction is all or nothing; savepoints undo what they hold; a failed one never reports success', async () => {
  const before = await count(a);
  const insert = (body: string) => sql`insert into shop.notes (body) values (${body})`;
  await assert.rejects(
    as(a, () =>
      tenancy.transaction(async (tx) => {
        await tx.query(insert('gone'));
        throw new Error('changed my mind');
      }),
    ),
    /changed my mind/,
  );
  await as(a, () =>
    tenancy.transaction(async (tx) => {
      await tx.query(insert('kept'));
      await assert.rejects(
        tx.savepoint(async () => {
          await tx.query(insert('undone'));
          await tx.savepoint(async () => await tx.query(insert('undone too')));
          await tx.query(sql`select 1 / 0`);
        }),
        { code: 'VALUE_REFUSED' },
      );
      await tx.query(insert('last'), { last: true });
    }),
  );
  assert.equal(await count(a), before + 2);
  await assert.rejects(
    as(a, () =>
      tenancy.transaction(async (tx) => {
        await tx.query(insert('swallowed'));
        await tx.query(sql`select 1 / 0`).catch(() => {});
      }),
    ),
    { code: 'TRANSACTION_FAILED' },
  );
  assert.equal(await count(a), before + 2);
});

test('isolation, read only and retries do what they say', async () => {
  const level = sql`select current_setting('transaction_isolation') as i, current_setting('transaction_read_only') as r`;
  const { rows } = await as(a, () =>
    tenancy.transaction((tx) => tx.query(level), { isolation: 'serializable', readOnly: true }),
  );
  assert.deepEqual(rows, [{ i: 'serializable', r: 'on' }]);
  let runs = 0;
  const bump = () =>
    tenancy.transaction(
      async (tx) => {
        runs++;
        const {
          rows: [row],
        } = await tx.query<{ n: number | null }>(sql`select n from shop.notes where id = ${SAME_ID}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        await tx.query(sql`update shop.notes set n = ${(row?.n ?? 0) + 1} where id = ${SAME_ID}`);
      },
      { isolation: 'serializable', retries: 20 },
    );
  await as(a, async () => await Promise.all([bump(), bump(), bump()]));
  assert.deepEqual((await as(a, () => tenancy.query(sql`select n from shop.notes where id = ${SAME_ID}`))).rows, [
    { n: 3 },
  ]);
  assert.ok(runs > 3, 'no conflict happened, so nothing was shown');
  const once = () =>
    tenancy.transaction(
      async (tx) => {
        await tx.query(sql`select n from shop.notes`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        await tx.query(sql`update shop.notes set n = 0 where id = ${SAME_ID}`);
      },
      { isolation: 'serializable' },
    );
  const outcomes = await as(a, async () => await Promise.allSettled([once(), once(), once()]));
  const failed = outcomes.flatMap((one) =>
    one.status === 'rejected' ? [one.reason as { code: string; retryable: boolean }] : [],
  );
  assert.ok(failed.length > 0 && failed.every(({ code, retryable }) => code === 'SERIALIZATION' && retryable));
});

test('a backend that dies is told apart: a read can be repeated, a write may have happened; the pool recovers by itself', async () => {
  const kill = () =>
    db.admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'bos_app' and datname = current_database()",
    );
  const during = async (text: string, writes: boolean) => {
    const work = as(a, () => tenancy.query({ text, values: [] }, { writes }));
    work.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 120));
    await kill();
    return await work.then(
      () => 'ok',
      (error: { code: string }) => error.code,
    );
  };
  assert.equal(await during('select pg_sleep(3)', false), 'DATABASE_UNAVAILABLE');
  assert.equal(await during('select pg_sleep(3)', true), 'OUTCOME_UNKNOWN');
  await kill();
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (let i = 0; i < 10; i++) assert.ok((await count(b)) > 0);
});

test('every open tenant is visited once, each in its own scope, with bounded concurrency, and errors are collected', async () => {
  await db.addTenant('suspended');
  let [at, most] = [0, 0];
  const seen: string[] = [];
  const outcome = await tenancy.withEachTenant(
    's:sweep',
    async (tenantId) => {
      most = Math.max(most, ++at);
      assert.equal(findScope()?.tenantId, tenantId);
      await tenancy.query(sql`select 1`);
      seen.push(tenantId);
      at--;
      if (tenantId === b) throw new Error('no luck');
    },
    { concurrency: 2 },
  );
  assert.deepEqual(seen.sort(), [a, b].sort());
  assert.deepEqual([outcome.done, outcome.failed.map(({ tenantId }) => tenantId), most <= 2], [1, [b], true]);
});

test('an unscoped act needs a reason, is logged, has no scope inside, and is not possible without a control role', async () => {
  const reasons: string[] = [];
  const kernel = await db.tenancy({ onPrivileged: (reason) => reasons.push(reason) });
  await as(
    a,
    () =>
      kernel.privileged('count the homes', async (privileged) => {
        assert.equal(findScope(), undefined);
        assert.ok(
          (await privileged.query<{ n: number }>(sql`select count(*)::int as n from tenancy.homes`)).rows[0]?.n,
        );
      }),
    kernel,
  );
  await assert.rejects(
    kernel.privileged('why', async () => 1),
    { code: 'REFUSED' },
  );
  await assert.rejects(
    kernel.privileged('read a tenant table', (privileged) => privileged.query(sql`select * from shop.notes`)),
    { code: 'FORBIDDEN' },
  );
  assert.deepEqual(reasons, ['count the homes', 'read a tenant table']);
});

test('a tenant’s probe passes on a protected schema, and names what a neighbour would see', async () => {
  await tenancy.probe(a, b);
  const loose = await openStage();
  const kernel = await loose.tenancy();
  await loose.admin.query('alter table shop.notes no force row level security, disable row level security');
  await assert.rejects(kernel.probe(loose.tenants[0], loose.tenants[1]), {
    code: 'PROBE_FAILED',
    detail: /shop\.notes/,
  });
});

test('a control connection that breaks in the middle of an unscoped act is an error, not the end of the process', async () => {
  await assert.rejects(
    tenancy.privileged('lose the connection on purpose', (privileged) =>
      privileged.transaction(async (tx) => {
        const { rows } = await tx.query<{ pid: number }>(sql`select pg_backend_pid() as pid`);
        await db.admin.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
        await new Promise((resolve) => setTimeout(resolve, 100));
        await tx.query(sql`select 1`);
      }),
    ),
  );
  assert.ok(await tenancy.privileged('see that it works again', (privileged) => privileged.query(sql`select 1`)));
});
