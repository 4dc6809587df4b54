import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onboardTenant, startTestServer } from '../harness.ts';
import { beginRequest, checkRemovedWhileSending } from './held-request.ts';
import { addPerson, browse, openBrowser } from './person.ts';

const server = await startTestServer();
const a = await onboardTenant(server);
const { port } = server;

test('a request whose body ends after its sender was removed is refused, whatever it asks for', () =>
  checkRemovedWhileSending(server, a));

test('a request at the identity host whose body ends after its sign-in did is refused', async () => {
  const { login } = await openBrowser(port, await addPerson(server, a.id, 'member'), a.slug);
  const host = `id.bos.localhost:${port}`;
  const headers = { Cookie: login, Origin: `http://${host}` };
  const finish = await beginRequest(port, 'POST /v1/me/email', host, headers, { email: 'thief@mail.example' });
  const ended = await browse(port, 'POST /v1/me/signout-everywhere', { host, cookie: login });
  assert.equal(ended.status, 204, ended.text);
  assert.deepEqual(await finish(), [401, 'CREDENTIAL_INVALID']);
  const { rowCount } = await server.db.admin.query("select 1 from identity.outbox where email = 'thief@mail.example'");
  assert.equal(rowCount, 0);
});

test('a key and a session that were used while their tenant was suspended are good again once it is resumed', async () => {
  const b = await onboardTenant(server);
  const { key } = (await b.call('POST /v1/api-keys', { body: { name: 'Key', permissions: ['crm.read'] } })).ok;
  const { session } = await openBrowser(port, await addPerson(server, b.id, 'member'), b.slug);
  const ask = async () => [
    (await b.call('GET /v1/contacts', { token: key })).status,
    (await browse(port, 'GET /v1/contacts', { host: b.host, cookie: session })).status,
  ];
  const params = { slug: b.slug };
  await server.operate('POST /v1/operator/tenants/{slug}/suspend', { params });
  for (const status of await ask()) assert.notEqual(status, 200);
  await server.operate('POST /v1/operator/tenants/{slug}/resume', { params });
  assert.deepEqual(await ask(), [200, 200]);
});
