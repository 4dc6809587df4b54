import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { asTenant, countRows, onboardTenant, startOn, startTestServer } from './harness.ts';

/** A cable between server and database, to be cut. */
interface Cable {
  port: number;
  cut(): void;
  mend(): void;
  /** Lets what holds this text through, keeps the answer to itself, and cuts. */
  cutBehind(text: string): void;
  close(): void;
}

async function openCable(farHost: string, farPort: number): Promise<Cable> {
  const sockets = new Set<Socket>();
  let whole = true;
  let trigger: string | undefined;
  const cut = () => {
    whole = false;
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((near) => {
    if (!whole) return void near.destroy();
    const far = connect(farPort, farHost);
    let silent = false;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (bytes: Buffer) => {
      if (trigger !== undefined && bytes.includes(trigger)) {
        silent = true;
        trigger = undefined;
        setTimeout(cut, 100);
      }
      far.write(bytes);
    });
    far.on('data', (bytes: Buffer) => {
      if (!silent) near.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    mend: () => {
      whole = true;
    },
    cutBehind: (text) => {
      trigger = text;
    },
    close: () => {
      cut();
      server.close();
    },
  };
}

const first = await startTestServer();
const a = await onboardTenant(first);
const { host, port } = first.db.connection('bos_app');
const cable = await openCable(host, port);
after(() => cable.close());
const server = await startOn(first.db, { databasePort: cable.port });
const tenant = await asTenant(server, a, a.marker);

test('a server whose database is gone is alive and not ready, answers 503, and is back by itself', async () => {
  const before = await countRows(server);
  const ask = async () => [
    await tenant.call('GET /readyz'),
    await tenant.call('GET /v1/contacts'),
    await tenant.call('GET /v1/tenant'),
    await tenant.call('POST /v1/contacts', { body: { name: 'Lost' }, key: randomUUID() }),
    await server.operate('GET /v1/operator/tenants'),
  ];
  for (let round = 0; round < 2; round++) {
    for (const { status } of await ask()) assert.ok(status < 300);
    cable.cut();
    for (const { problem } of await ask()) assert.equal(problem.code, 'DATABASE_UNAVAILABLE');
    assert.equal((await tenant.call('GET /healthz')).status, 200);
    assert.equal((await tenant.call('GET /v1/contacts', { token: 'x.y.z' })).problem.code, 'CREDENTIAL_INVALID');
    cable.mend();
  }
  for (const { status } of await ask()) assert.ok(status < 300);
  const now = await countRows(server);
  assert.equal((now['crm.contacts'] ?? 0) - (before['crm.contacts'] ?? 0), 3, 'what was answered 201');
});

test('a write whose COMMIT left and whose answer is lost says so, and its key tells the outcome', async () => {
  const { admin } = first.db;
  for (const key of [randomUUID(), undefined]) {
    const name = `Lost answer ${randomUUID()}`;
    const input = { body: { name }, ...(key && { key }) };
    assert.equal((await tenant.call('GET /v1/tenant')).status, 200);
    cable.cutBehind('commit\0');
    assert.equal((await tenant.call('POST /v1/companies', input)).problem.code, 'OUTCOME_UNKNOWN');
    cable.mend();
    for (let turn = 0; turn < 100; turn++) {
      if ((await admin.query('select 1 from crm.companies where name = $1', [name])).rowCount === 1) break;
      await sleep(10);
    }
    if (key) assert.equal((await tenant.call('POST /v1/companies', input)).ok.name, name);
    assert.equal((await admin.query('select 1 from crm.companies where name = $1', [name])).rowCount, 1);
  }
});

test('a write that is cut before its COMMIT is not there, and may be sent again', async () => {
  const name = `Cut early ${randomUUID()}`;
  const input = { body: { name }, key: randomUUID() };
  cable.cutBehind('company_insert');
  const { problem } = await tenant.call('POST /v1/companies', input);
  cable.mend();
  assert.equal(problem.code, 'DATABASE_UNAVAILABLE');
  const { admin } = first.db;
  assert.equal((await admin.query('select 1 from crm.companies where name = $1', [name])).rowCount, 0);
  assert.equal((await tenant.call('POST /v1/companies', input)).ok.name, name);
  assert.equal((await admin.query('select 1 from crm.companies where name = $1', [name])).rowCount, 1);
});
