import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../src/embedded/embedded.ts';
import { sql, type Tenancy } from '../src/index.ts';
import { openStage } from './stage.ts';

const binary = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer'].find(existsSync);
const db = await openStage();
const [a, b] = db.tenants;
const as = <T>(kernel: Tenancy, tenant: string, work: () => Promise<T>) => kernel.withTenant(tenant, 's:test', work);
const port = binary === undefined ? undefined : await start(binary);

/** Says whether there is a PgBouncer; without one the test is skipped by name. */
function missing(t: TestContext): boolean {
  if (port === undefined) t.skip('needs the package pgbouncer');
  return port === undefined;
}

/** Starts PgBouncer as it comes, in transaction mode, with two connections to the server; returns its port. */
async function start(program: string): Promise<number> {
  const { host, port: server, database, password } = db.connection('bos_app');
  const folder = mkdtempSync(join(tmpdir(), 'bos-pooler-'));
  chmodSync(folder, 0o755);
  const chosen = await freePort();
  writeFileSync(join(folder, 'users.txt'), `"bos_app" "${password}"\n`);
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: chosen,
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: join(folder, 'users.txt'),
    pool_mode: 'transaction',
    default_pool_size: 2,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const target = `${database} = host=${host} port=${server} dbname=${database}`;
  writeFileSync(join(folder, 'pooler.ini'), `[databases]\n${target}\n[pgbouncer]\n${lines.join('\n')}\n`);
  const user = process.getuid?.() === 0 ? ['-u', 'postgres'] : [];
  const child = spawn(program, [...user, join(folder, 'pooler.ini')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said = `${said}${text}`.slice(-2_000);
  });
  after(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  for (let tries = 0; !(await answers(chosen)); tries++) {
    assert.ok(tries < 200 && child.exitCode === null, `PgBouncer did not start: ${said}`);
    await sleep(50);
  }
  return chosen;
}

function answers(at: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(at, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

async function behindPooler(more: object = {}): Promise<Tenancy> {
  const connection = { ...db.connection('bos_app'), port: Number(port), pooler: true, ...more };
  return await db.tenancy({ connection, connections: 6, multiplexed: 2, perTenant: 6, prepare: false });
}

test('V64 PgBouncer as it comes takes our connections, and the timeouts hold behind it though it keeps no session', async (t) => {
  if (missing(t)) return;
  const kernel = await behindPooler({ statementTimeoutMs: 150, idleInTransactionTimeoutMs: 150 });
  const read = sql`select current_setting('statement_timeout') as s, current_setting('lock_timeout') as l,
    current_setting('idle_in_transaction_session_timeout') as i`;
  const expected = [{ s: '150ms', l: '5s', i: '150ms' }];
  await as(kernel, a, async () => {
    for (let i = 0; i < 4; i++) assert.deepEqual((await kernel.query(read)).rows, expected);
    assert.deepEqual((await kernel.query(read, { writes: true })).rows, expected);
    assert.deepEqual((await kernel.transaction((tx) => tx.query(read))).rows, expected);
    await assert.rejects(kernel.query(sql`select pg_sleep(2)`), { code: 'TIMED_OUT' });
    await assert.rejects(
      kernel.transaction((tx) => tx.query(sql`select pg_sleep(2)`)),
      { code: 'TIMED_OUT' },
    );
    await assert.rejects(
      kernel.transaction(async (tx) => {
        await tx.query(read);
        await sleep(400);
        await tx.query(read);
      }),
      { code: 'DATABASE_UNAVAILABLE' },
    );
    assert.equal((await Array.fromAsync(kernel.stream(sql`select generate_series(1, 50)`, { batch: 7 }))).length, 50);
  });
  assert.equal(kernel.counters().leased, 0);
});

test('V64 V179 tenants, errors, aborts and poisoned sessions share two server connections, and each sees its own rows', async (t) => {
  if (missing(t)) return;
  const kernel = await behindPooler();
  const read = sql('bounced')`select body from shop.notes`;
  const poison = [
    "set_config('statement_timeout', '1', false)",
    "set_config('default_transaction_isolation', 'serializable', false)",
  ];
  await Promise.all(
    Array.from({ length: 600 }, async (_, i) => {
      const tenant = i % 2 ? a : b;
      const own = ({ rows }: { rows: unknown[] }) => assert.deepEqual(rows, [{ body: db.marker(tenant) }]);
      const controller = new AbortController();
      const acts = [
        async () => own(await kernel.query(read)),
        async () => own(await kernel.transaction((tx) => tx.query(read))),
        async () => own(await kernel.query(sql`update shop.notes set n = ${i} returning body`)),
        async () => await assert.rejects(kernel.query(sql`select 1 / 0`), { code: 'VALUE_REFUSED' }),
        async () =>
          await kernel.query({
            text: `select set_config('app.current_tenant_id', current_setting('app.current_tenant_id'), false), ${poison[i % 2]}`,
            values: [],
          }),
        async () => {
          setTimeout(() => controller.abort(), i % 4);
          await kernel
            .transaction((tx) => tx.query(sql`select pg_sleep(0.003)`), { signal: controller.signal })
            .catch(({ code }: { code: string }) => assert.equal(code, 'ABORTED'));
        },
      ];
      await as(kernel, tenant, async () => await acts[i % acts.length]?.());
    }),
  );
  const { leased, waiting, multiplexedInFlight } = kernel.counters();
  assert.deepEqual([leased, waiting, multiplexedInFlight], [0, 0, 0]);
  const foreign = "select 1 from shop.notes where body <> 'canary-' || tenant_id";
  assert.equal((await db.admin.query(foreign)).rowCount, 0);
});

test('V179 named statements through a PgBouncer below 1.21 are errors, and never an answer of another tenant', async (t) => {
  if (missing(t) || binary === undefined) return;
  const [, major, minor] =
    /PgBouncer (\d+)\.(\d+)/.exec(execFileSync(binary, ['--version'], { encoding: 'utf8' })) ?? [];
  if (Number(major) > 1 || Number(minor) >= 21) {
    t.skip('needs a PgBouncer below 1.21');
    return;
  }
  const connection = { ...db.connection('bos_app'), port: Number(port), pooler: true };
  const named = await db.tenancy({ connection, connections: 6, multiplexed: 2, prepare: true });
  let failed = 0;
  await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const tenant = i % 2 ? a : b;
      const answer = await as(named, tenant, () => named.query(sql('named')`select body from shop.notes`)).catch(() => {
        failed++;
      });
      if (answer) assert.deepEqual(answer.rows, [{ body: db.marker(tenant) }]);
    }),
  );
  assert.ok(failed > 0, 'it works: then prepare: false is not needed any more');
});
