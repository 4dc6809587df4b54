import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbedded } from '../src/embedded/embedded.ts';
import { sql, type Tenancy } from '../src/index.ts';
import { testDatabase } from '../src/testing.ts';
import { TABLES } from './stage.ts';

const dataDir = mkdtempSync(join(tmpdir(), `bos-test-${process.pid}-`));
chmodSync(dataDir, 0o711); // root runs PostgreSQL as another user, who has to enter it
const options = { dataDir, settings: { fsync: 'off' }, restart: false };
let server = await startEmbedded(options);
process.env['BOS_TEST_ADMIN_URL'] = server.adminUrl; // a server of this file's own, which it stops and starts
const db = await testDatabase({ tables: TABLES });
const [a] = db.tenants;
const tenancy = await db.tenancy({ connections: 3, multiplexed: 2, perTenant: 3 });
after(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const as = <T>(work: () => Promise<T>, kernel: Tenancy = tenancy) => kernel.withTenant(a, 's:test', work);
const read = sql('read')`select count(*)::int as n from shop.notes`;
const insert = (body: string) => sql`insert into shop.notes (body) values (${body})`;
const codeOf = async (work: Promise<unknown>) =>
  await work.then(
    () => 'ok',
    (error: { code: string; retryable: boolean }) => `${error.code}${error.retryable ? ', retryable' : ''}`,
  );
const kill = async () => {
  await db.admin.query(
    "select pg_terminate_backend(pid, 2000) from pg_stat_activity where usename in ('bos_app', 'bos_control') and datname = current_database()",
  );
  await sleep(20);
};

test('backends that die while idle cost nobody an error', async () => {
  for (let i = 0; i < 3; i++) {
    await as(() =>
      Promise.all([tenancy.query(read), tenancy.query(read), tenancy.transaction((tx) => tx.query(read))]),
    );
    await tenancy.privileged('keep a control connection', (control) => control.query(sql`select 1`));
    await kill();
  }
  await as(() => tenancy.query(read));
  assert.equal(tenancy.counters().leased, 0);
});

test('a backend that dies in a transaction ends it: nothing is kept, and only a COMMIT under way leaves a doubt', async () => {
  const lost = as(() =>
    tenancy.transaction(async (tx) => {
      await tx.query(insert('lost'));
      await kill();
      await tx.query(insert('lost too'));
    }),
  );
  assert.equal(await codeOf(lost), 'DATABASE_UNAVAILABLE, retryable');
  const before = as(() =>
    tenancy.transaction(async (tx) => {
      await tx.query(insert('before COMMIT'));
      await kill();
    }),
  );
  assert.equal(await codeOf(before), 'DATABASE_UNAVAILABLE, retryable', 'COMMIT was never sent');
  // a deferred check that sleeps: COMMIT is under way when the backend dies
  await db.admin.query(`
    create function shop.doze() returns trigger language plpgsql as $$ begin perform pg_sleep(5); return null; end $$;
    create constraint trigger doze after insert on shop.notes deferrable initially deferred
      for each row when (new.body = 'in COMMIT') execute function shop.doze()`);
  try {
    for (const last of [false, true]) {
      const during = codeOf(as(() => tenancy.transaction((tx) => tx.query(insert('in COMMIT'), { last }))));
      for (let sleeping = false; !sleeping; await sleep(10)) {
        const { rowCount } = await db.admin.query("select 1 from pg_stat_activity where wait_event = 'PgSleep'");
        sleeping = rowCount === 1;
      }
      await kill();
      assert.equal(await during, 'OUTCOME_UNKNOWN', `last: ${last}`);
    }
  } finally {
    await db.admin.query('drop trigger doze on shop.notes; drop function shop.doze()');
  }
  assert.equal((await db.admin.query('select 1 from shop.notes')).rowCount, 0);
  assert.deepEqual((await as(() => tenancy.query(read))).rows, [{ n: 0 }]);
});

test('a connection that has prepared a thousand statements makes room for a new one, and no call notices', async () => {
  const few = await db.tenancy({ connections: 1, multiplexed: 1 });
  const { destroyed } = few.counters();
  const text = (i: number) => `select ${i}::int as i`;
  const most = async () =>
    Number(
      (await few.query(sql`select count(*)::int as n from pg_prepared_statements`, { writes: true })).rows[0]?.['n'],
    );
  await as(async () => {
    for (let i = 0; i < 1_300; i++) {
      const statement = { text: text(i), values: [], label: 'worn' };
      assert.deepEqual((await few.query(statement)).rows, [{ i }]);
      assert.deepEqual((await few.query(statement)).rows, [{ i }]);
      if (i % 100 === 0) assert.ok((await most()) < 1_010);
    }
  }, few);
  assert.ok(few.counters().destroyed - destroyed >= 1);
  const { leased, waiting, multiplexedInFlight } = few.counters();
  assert.deepEqual([leased, waiting, multiplexedInFlight], [0, 0, 0]);
  await few.end();
});

test('a transaction that idles too long is ended by the server, and the next one works', async () => {
  const brisk = await db.tenancy({
    connections: 1,
    multiplexed: 0,
    connection: { ...db.connection('bos_app'), idleInTransactionTimeoutMs: 50 },
  });
  const idle = as(
    () =>
      brisk.transaction(async (tx) => {
        await tx.query(insert('idle'));
        await sleep(300);
        await tx.query(insert('idle'));
      }),
    brisk,
  );
  await assert.rejects(idle, { code: 'DATABASE_UNAVAILABLE' });
  assert.deepEqual((await as(() => brisk.query(read), brisk)).rows, [{ n: 0 }]);
  await brisk.end();
});

test('while the database is down every call fails with a retryable error, and when it is back all works by itself', async () => {
  await as(() => tenancy.query(read));
  await server.stop();
  const works: (() => Promise<unknown>)[] = [
    () => tenancy.query(read),
    () => tenancy.query(insert('down')),
    () => tenancy.transaction((tx) => tx.query(insert('down'))),
    () => tenancy.stream(read).next(),
    () => tenancy.privileged('try the control role', (control) => control.query(sql`select 1`)),
  ];
  for (const work of works) assert.equal(await codeOf(as(work)), 'DATABASE_UNAVAILABLE, retryable');
  await assert.rejects(db.tenancy(), { code: 'DATABASE_UNAVAILABLE' });
  const { leased, waiting } = tenancy.counters();
  assert.deepEqual([leased, waiting], [0, 0]);
  server = await startEmbedded(options);
  assert.deepEqual((await as(() => tenancy.query(read))).rows, [{ n: 0 }]);
  await as(() => tenancy.transaction((tx) => tx.query(insert('back'))));
  assert.deepEqual((await as(() => tenancy.query(read))).rows, [{ n: 1 }]);
  await tenancy.privileged('see that it works again', (control) => control.query(sql`select 1`));
});
