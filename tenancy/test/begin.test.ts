import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql, type Tenancy } from '../src/index.ts';
import { behind, messages, slowWire } from './slow-wire.ts';
import { openStage } from './stage.ts';

const db = await openStage();
const [a, b] = db.tenants;
const wire = await slowWire(db.connection('bos_app'));
const tenancy = await db.tenancy({ connections: 1, multiplexed: 0, connection: wire.connection });
const as = <T>(tenant: string, work: () => Promise<T>, kernel: Tenancy = tenancy) =>
  kernel.withTenant(tenant, 's:test', work);
const insert = (body: string) => sql`insert into shop.notes (body) values (${body})`;
const owners = async (body: string) =>
  (await db.admin.query('select tenant_id as t from shop.notes where body = $1', [body])).rows.map(({ t }) => t);

/** A leaves its own seals in the session, and a timeout that the network's pause exceeds. */
const poison = () =>
  as(a, () =>
    tenancy.query(
      sql`select set_config('statement_timeout', '20', false),
          set_config('app.current_tenant_id', current_setting('app.current_tenant_id'), false),
          set_config('app.current_principal', current_setting('app.current_principal'), false)`,
      { writes: true },
    ),
  );

/** The network pauses behind the Parse of `begin`, so that A's timeout ends it. */
async function whileBeginFails(work: () => Promise<unknown>): Promise<void> {
  await poison();
  let paused = false;
  wire.cut.toServer = (bytes) => {
    if (paused || !bytes.includes('begin')) return undefined;
    paused = true;
    return behind('P')(bytes);
  };
  await work().finally(() => {
    wire.cut.toServer = undefined;
  });
  assert.ok(paused, 'begin was not met');
}

test('V54 V171 where begin fails, nothing of the transaction runs beside it in the session that A left behind', async () => {
  await whileBeginFails(() =>
    assert.rejects(
      as(b, () =>
        tenancy.transaction(async (tx) => {
          await tx.query(insert('first')).catch(() => {});
          await tx.query(insert('second'));
        }),
      ),
      { code: 'TIMED_OUT' },
    ),
  );
  await whileBeginFails(() =>
    assert.rejects(
      as(b, () => tenancy.transaction((tx) => Promise.all([tx.query(insert('left')), tx.query(insert('right'))]))),
      { code: 'TIMED_OUT' },
    ),
  );
  await whileBeginFails(() =>
    assert.rejects(
      as(b, () => tenancy.transaction(async (tx) => await tx.query(insert('at once'), { last: true }))),
      { code: 'TIMED_OUT' },
    ),
  );
  for (const body of ['first', 'second', 'left', 'right', 'at once']) assert.deepEqual(await owners(body), [], body);
  assert.equal(tenancy.counters().leased, 0);
});

test('V54 V171 a client’s own begin that fails takes its other statements with it, awaited or not', async () => {
  await whileBeginFails(() =>
    as(b, async () => {
      const client = await tenancy.pool.connect();
      const outcomes = await Promise.allSettled([client.query('begin'), client.query(insert('unawaited').text, ['u'])]);
      client.release();
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['rejected', 'rejected'],
      );
    }),
  );
  assert.deepEqual(await owners('u'), []);
  await as(b, async () => {
    const client = await tenancy.pool.connect();
    void client.query('begin');
    void client.query(insert('in order').text, ['in order']);
    await client.query('commit');
    client.release();
  });
  assert.deepEqual(await owners('in order'), [b]);
});

test('a transaction begins in its first statement’s own round trip, and one without statements sends nothing', async () => {
  await as(a, () => tenancy.query(sql`select 1`));
  const rounds = async (work: () => Promise<unknown>) => {
    const before = wire.ready;
    await as(a, work);
    return wire.ready - before;
  };
  assert.equal(await rounds(() => tenancy.transaction(async () => 1)), 0);
  assert.equal(await rounds(() => assert.rejects(tenancy.transaction(() => Promise.reject(new Error('no'))))), 0);
  assert.equal(await rounds(() => tenancy.transaction((tx) => tx.query(sql`select 1`))), 2);
  assert.equal(await rounds(() => tenancy.transaction((tx) => tx.savepoint(async () => 1))), 3);
  const tags: string[] = [];
  wire.cut.toServer = (bytes) => {
    tags.push(
      messages(bytes)
        .map(({ type }) => type)
        .join(''),
    );
    return undefined;
  };
  await as(a, () => tenancy.transaction((tx) => tx.query(sql`select 1`, { last: true })));
  wire.cut.toServer = undefined;
  assert.equal(tags.length, 1, `${tags.join(' ')}: more than one write`);
});

test('V171 a default isolation that the session before left does not reach the next transaction', async () => {
  await as(a, () => tenancy.query(sql`select set_config('default_transaction_isolation', 'serializable', false)`));
  const { rows } = await as(b, () =>
    tenancy.transaction((tx) => tx.query(sql`select current_setting('transaction_isolation') as level`)),
  );
  assert.deepEqual(rows, [{ level: 'read committed' }]);
});

test('a named statement whose Parse was skipped, refused or met a failed transaction works the next time', async () => {
  const kernel = await db.tenancy({ connections: 1, multiplexed: 0 });
  const named = sql('skipped')`select body from shop.notes where n is null and body like 'canary%'`;
  const good = () => as(a, () => kernel.query(named), kernel);
  await as(
    a,
    () =>
      kernel
        .transaction(async (tx) => {
          await tx.query(sql`select 1 / 0`).catch(() => {});
          await tx.query(named);
        })
        .catch(() => {}),
    kernel,
  );
  assert.deepEqual((await good()).rows, [{ body: db.marker(a) }]);
  const missing = sql('missing')`select x from shop.later`;
  await assert.rejects(
    as(a, () => kernel.query(missing), kernel),
    { code: 'QUERY_FAILED', sqlstate: '42P01' },
  );
  await assert.rejects(
    as(a, () => kernel.query(missing), kernel),
    { code: 'QUERY_FAILED', sqlstate: '42P01' },
  );
  await as(a, () => kernel.transaction((tx) => tx.query(sql('first_in')`select 1 as one`)), kernel);
  assert.deepEqual((await as(a, () => kernel.query(sql('first_in')`select 1 as one`), kernel)).rows, [{ one: 1 }]);
  assert.equal(kernel.counters().destroyed, 0);
});
