import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { callRoute } from './client.ts';
import { asTenant, onboardTenant, startOn, startTestServer, type TestServer, type TestTenant } from './harness.ts';
import { freePort, startProcess } from './server-process.ts';

const server = await startTestServer();
const a = await onboardTenant(server);
const { admin } = server.db;

/** Holds up every write of companies until the returned function is called. */
async function holdWrites(): Promise<() => Promise<unknown>> {
  await admin.query('begin');
  await admin.query('lock table crm.companies in exclusive mode');
  return () => admin.query('rollback');
}

/** Waits until as many sessions wait for a lock; pg_stat_activity would stand still inside of a transaction. */
async function waiting(count: number): Promise<void> {
  const text =
    'select 1 from pg_locks join pg_database d on d.oid = database where datname = current_database() and not granted';
  while (((await admin.query(text)).rowCount ?? 0) < count) await sleep(10);
}

async function isRefused(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });
}

const create = (tenant: TestTenant, agent: Agent) =>
  tenant.call('POST /v1/companies', { agent, body: { name: 'Last' } });

test('a stop answers what is under way, refuses new connections, and ends those that clients keep open', async () => {
  const other: TestServer = await startOn(server.db);
  const tenant = await asTenant(other, a, a.marker);
  const agent = new Agent({ keepAlive: true });
  for (let n = 0; n < 3; n++) await tenant.call('GET /v1/tenant', { agent });
  const release = await holdWrites();
  const running = [create(tenant, agent), create(tenant, agent)];
  await waiting(2);
  const stopped = other.stop();
  while (!(await isRefused(other.port))) await sleep(10);
  await release();
  for (const answer of await Promise.all(running)) assert.equal(answer.status, 201);
  await stopped;
  const sessions = "select 1 from pg_stat_activity where datname = current_database() and usename = 'bos_app'";
  while (((await admin.query(sessions)).rowCount ?? 0) > server.platform.tenancy.counters().connections)
    await sleep(10);
  agent.destroy();
});

test('a client that goes on sending over its open connection does not hold up a stop', async () => {
  const other: TestServer = await startOn(server.db);
  const tenant = await asTenant(other, a, a.marker);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let [asked, late, ended] = [false, 0, false];
  const client = (async () => {
    while (!ended) {
      const answer = await tenant.call('GET /v1/contacts', { agent }).catch(() => undefined);
      if (answer === undefined) ended = true;
      else if (asked) late++;
    }
  })();
  await sleep(30);
  asked = true;
  await other.stop();
  await client;
  assert.ok(late <= 2, `${late} answers after the stop: one under way, one that says that it is the last`);
  agent.destroy();
});

test('SIGTERM to the program answers what is under way and ends with code 0; a second server takes the port over', async () => {
  const port = await freePort();
  const { host, port: databasePort, database } = server.db.connection('bos_app');
  const passwords = Object.fromEntries(
    ['bos_app', 'bos_control', 'bos_identity'].map((role) => [role, server.db.connection(role).password]),
  );
  const { dataDir } = server.config;
  writeFileSync(`${dataDir}/roles.json`, JSON.stringify({ host, port: databasePort, database, passwords }));
  const env = { BOS_DATA: dataDir, PORT: String(port), DATABASE_URL: `postgres://${host}:${databasePort}/${database}` };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const child = await startProcess(env);
    const agent = new Agent({ keepAlive: true });
    const input = { host: `${a.slug}.bos.localhost:${port}`, token: a.token, agent };
    assert.equal((await callRoute(port, 'GET /v1/contacts', input)).status, 200);
    const release = await holdWrites();
    const running = callRoute(port, 'POST /v1/companies', { ...input, body: { name: signal } });
    await waiting(1);
    const ended = child.end(signal);
    while (!(await isRefused(port))) await sleep(10);
    await release();
    assert.equal((await running).ok.name, signal);
    assert.equal(await ended, 0);
    assert.ok(!child.lines.some((line) => line.includes('"level":50')), child.lines.join('\n'));
    agent.destroy();
  }
});
