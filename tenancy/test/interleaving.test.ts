import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RefusedError, sql, type Tenancy, TenancyError, type Transaction } from '../src/index.ts';
import { opening } from '../src/opening.ts';
import { Pool } from '../src/pool.ts';
import { makeScope, runInScope } from '../src/scope.ts';
import { SealRing } from '../src/seal.ts';
import { openStage } from './stage.ts';

const db = await openStage();
const tenants: string[] = [];
for (let i = 0; i < 6; i++) {
  const tenant = await db.addTenant();
  tenants.push(tenant);
  await db.admin.query('insert into shop.notes (tenant_id, body) select $1, $2 from generate_series(1, 3)', [
    tenant,
    db.marker(tenant),
  ]);
}

/** A seeded sequence of numbers from 0 to 1 (mulberry32), so that a failure can be run again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const READ = sql('interleaved')`select body from shop.notes`;
const FAILING = sql('failing')`select body, 1 / (n - n) from (select body, coalesce(n, 1) as n from shop.notes) x`;
const CODES = new Set(['ABORTED', 'VALUE_REFUSED', 'TRANSACTION_FAILED', 'LEASE_OVER', 'REFUSED', 'POOL_BUSY']);

/** One random act of one tenant; whatever rows it is answered with must be its own. */
async function act(kernel: Tenancy, tenant: string, random: () => number): Promise<void> {
  const pick = Math.floor(random() * 10);
  const pause = () => sleep(Math.floor(random() * 3));
  const own = ({ rows }: { rows: Record<string, unknown>[] }) => {
    for (const { body } of rows) assert.equal(body, db.marker(tenant));
  };
  const controller = new AbortController();
  const aborts = random() < 0.2 ? setTimeout(() => controller.abort(), random() * 6) : undefined;
  const { signal } = controller;
  const write = async (tx: Transaction | Tenancy) =>
    own(await tx.query(sql`update shop.notes set n = ${pick} returning body`));
  const acts = [
    async () => own(await kernel.query(READ, { signal })),
    async () => own(await kernel.query(READ)),
    async () => own(await kernel.query(FAILING)),
    async () => await write(kernel),
    async () =>
      await kernel.transaction(
        async (tx) => {
          own(await tx.query(READ));
          await tx.savepoint(async () => own(await tx.query(FAILING))).catch(() => {});
          await pause();
          await write(tx);
          if (random() < 0.3) throw new RefusedError('changed my mind');
        },
        { signal },
      ),
    async () => {
      for await (const row of kernel.stream(READ, { batch: 1, signal })) {
        own({ rows: [row] });
        if (random() < 0.3) break;
        await pause();
      }
    },
    // a client is misused: released in an open transaction, failed, busy, or twice
    async () => {
      const client = await kernel.pool.connect();
      const work = [
        () => client.query('begin'),
        () => client.query(FAILING.text),
        () =>
          client.query("select set_config('app.current_tenant_id', current_setting('app.current_tenant_id'), false)"),
        () => client.query("select set_config('statement_timeout', '3', false)"),
        () => client.query(READ.text).then(own),
      ].slice(Math.floor(random() * 5));
      const results = work.map((one) => one());
      const settled = Promise.allSettled(results);
      if (random() < 0.5) await settled;
      client.release(random() < 0.1);
      client.release();
      for (const one of await settled) if (one.status === 'rejected') refusable(one.reason, true);
    },
    async () => own(await kernel.query(sql`select body from shop.notes, pg_sleep(0.002)`, { signal })),
    async () => void (await kernel.insertMany('shop.notes', ['body', 'n'], [{ body: null, n: 1 }])),
    async () => own(await kernel.pool.query({ text: READ.text, name: 'interleaved' })),
  ];
  try {
    await kernel.withTenant(tenant, 's:test', async () => await acts[pick]?.());
  } catch (error) {
    refusable(error);
  } finally {
    clearTimeout(aborts);
  }
}

/** An error of the act itself: not one of somebody else's statement, a broken pool, or a failed assertion. */
function refusable(error: unknown, gaveItBackBusy = false): void {
  const { code = '', severity } = error as { code?: string; severity?: string };
  if (error instanceof TenancyError && CODES.has(code)) return;
  if (severity !== undefined && ['22012', '25P02', '57014', '23502'].includes(code)) return; // pool.query gives pg's own
  if (gaveItBackBusy && (code === 'DATABASE_UNAVAILABLE' || code === 'OUTCOME_UNKNOWN')) return;
  throw error;
}

for (const seed of [1, 2, 3, 4]) {
  test(`random scopes, errors, aborts, releases and transactions over 3 connections never mix tenants (seed ${seed})`, async () => {
    const random = seeded(seed);
    const kernel = await db.tenancy({ connections: 2, multiplexed: 1, perTenant: 2, prepare: seed !== 4 });
    const workers = Array.from({ length: 16 }, async () => {
      for (let i = 0; i < 40; i++) await act(kernel, tenants[Math.floor(random() * tenants.length)] as string, random);
    });
    await Promise.all(workers);
    // an aborted one gives its connection back when the server has let it go
    const busy = () => kernel.counters().multiplexedInFlight + kernel.counters().leased > 0;
    for (let i = 0; i < 500 && busy(); i++) await sleep(10);
    const { leased, waiting, multiplexedInFlight, connections } = kernel.counters();
    assert.deepEqual([leased, waiting, multiplexedInFlight], [0, 0, 0]);
    assert.ok(connections <= 3, `${connections} connections`);
    for (const tenant of tenants)
      assert.deepEqual(
        new Set((await kernel.withTenant(tenant, 's:test', () => kernel.query(READ))).rows.map(({ body }) => body)),
        new Set([db.marker(tenant)]),
      );
    await kernel.end();
    const { rows } = await db.admin.query(
      "select tenant_id, body from shop.notes where body <> 'canary-' || tenant_id",
    );
    assert.deepEqual(rows, []);
  });
}

test('3,000 pipelined reads with failing queries and forged seals among them: each gets its own answer', async () => {
  const seals = new SealRing(db.sealKeys);
  const forger = new SealRing({ active: 'testkey1', keys: { testkey1: Buffer.alloc(32, 8).toString('base64') } });
  const pool = new Pool({
    connection: db.connection('bos_app'),
    seals,
    connections: 4,
    multiplexed: 4,
    perTenant: 2,
    maxWaiting: 5_000,
    maxWaitMs: 60_000,
    prepare: true,
  });
  const lone = await runInScope(makeScope(tenants[0] as string, 's:test'), async () => {
    const lease = await pool.lease(makeScope(tenants[0] as string, 's:test'));
    return lease;
  });
  const text = 'select body, $1::int as i, 10 / $2::int as r from shop.notes limit 1';
  let [answered, failed, forged] = [0, 0, 0];
  await Promise.all(
    Array.from({ length: 3_000 }, async (_, i) => {
      const tenant = tenants[i % tenants.length] as string;
      const scope = makeScope(tenant, 's:test');
      const marker = { body: db.marker(tenant), i, r: 10 };
      if (i % 11 === 0) {
        // on the same kind of connection, behind and before everybody else's statements
        const before = opening(i % 2 ? seals : forger, scope, lone.connection, false);
        const { error, result } = await lone.connection.send({
          text,
          values: [String(i), '1'],
          name: 'direct',
          ...before,
        });
        if (i % 2) assert.deepEqual(result?.rows, [marker]);
        else {
          assert.equal((error as { code?: string }).code, '42501');
          forged++;
        }
        return;
      }
      const divisor = i % 5 === 0 ? 0 : 1;
      const work = runInScope(scope, () => pool.run(scope, { text, values: [i, divisor], label: 'pipelined' }, {}));
      if (divisor === 0) {
        await assert.rejects(work, { code: 'VALUE_REFUSED', sqlstate: '22012' });
        failed++;
      } else {
        assert.deepEqual((await work).rows, [marker]);
        answered++;
      }
    }),
  );
  assert.ok(answered > 2_000 && failed > 500 && forged > 100);
  lone.release();
  await pool.end();
});
