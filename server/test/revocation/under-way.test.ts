import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { onboardTenant, startTestServer } from '../harness.ts';
import { addPerson, browse, openBrowser, signIn } from './person.ts';

const server = await startTestServer();
const a = await onboardTenant(server);

/** Sends all of a request but the last byte of its body; `finish` sends that and returns status and code. */
async function begin(target: string, host: string, headers: Record<string, string>, body: unknown) {
  const text = JSON.stringify(body);
  const socket = connect(server.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise((resolve) => socket.once('close', resolve));
  const [method = '', path = ''] = target.split(' ');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(
    `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines.join('')}Content-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text.slice(0, -1)}`,
  );
  await sleep(200); // so that it is past everything that needs no body
  return async () => {
    socket.write(text.slice(-1));
    await ended;
    const answer = Buffer.concat(chunks).toString();
    return [Number(answer.slice(9, 12)), /"code":"(\w+)"/.exec(answer)?.[1]];
  };
}

test('a request whose body ends after its sender was removed is refused, whatever it asks for', async () => {
  const person = await addPerson(server, a.id, 'admin');
  const { access_token: token } = await signIn(server.port, person, a.slug);
  const invitation = { email: `again-${person.email}`, role: 'admin' };
  const headers = { Authorization: `Bearer ${token}` };
  const requests = [
    await begin('POST /v1/invitations', a.host, headers, invitation),
    await begin('POST /v1/contacts', a.host, headers, { name: 'Too late' }),
  ];
  await a.call('DELETE /v1/members/{id}', { params: { id: person.id } });
  for (const finish of requests) assert.deepEqual(await finish(), [401, 'CREDENTIAL_INVALID']);
});

test('a request at the identity host whose body ends after its sign-in did is refused', async () => {
  const person = await addPerson(server, a.id, 'member');
  const { login } = await openBrowser(server.port, person, a.slug);
  const host = `id.bos.localhost:${server.port}`;
  const finish = await begin(
    'POST /v1/me/email',
    host,
    { Cookie: login, Origin: `http://${host}` },
    { email: 'thief@mail.example' },
  );
  const ended = await browse(server.port, 'POST /v1/me/signout-everywhere', { host, cookie: login });
  assert.equal(ended.status, 204, ended.text);
  assert.deepEqual(await finish(), [401, 'CREDENTIAL_INVALID']);
  const { rowCount } = await server.db.admin.query("select 1 from identity.outbox where email = 'thief@mail.example'");
  assert.equal(rowCount, 0);
});

test('a key and a session that were used while their tenant was suspended are good again once it is resumed', async () => {
  const b = await onboardTenant(server);
  const { key } = (await b.call('POST /v1/api-keys', { body: { name: 'Key', permissions: ['crm.read'] } })).ok;
  const { session } = await openBrowser(server.port, await addPerson(server, b.id, 'member'), b.slug);
  const ask = async () => [
    (await b.call('GET /v1/contacts', { token: key })).status,
    (await browse(server.port, 'GET /v1/contacts', { host: b.host, cookie: session })).status,
  ];
  const params = { slug: b.slug };
  await server.operate('POST /v1/operator/tenants/{slug}/suspend', { params });
  for (const status of await ask()) assert.notEqual(status, 200);
  await server.operate('POST /v1/operator/tenants/{slug}/resume', { params });
  assert.deepEqual(await ask(), [200, 200]);
});
