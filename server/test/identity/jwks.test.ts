import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { callRoute } from '../client.ts';
import { onboardTenant, startTestServer } from '../harness.ts';

const server = await startTestServer();
const tenant = await onboardTenant(server);
const issuer = 'https://id.bos.localhost';

test('anybody else can verify an access token by the published keys, and by no other', async () => {
  const jwks = async () =>
    (await callRoute(server.port, 'GET /.well-known/jwks.json', { host: `id.bos.localhost:${server.port}` })).ok;
  const before = await jwks();
  const { payload, protectedHeader } = await jwtVerify(tenant.token, createLocalJWKSet(before), {
    issuer,
    audience: 'bos',
    typ: 'at+jwt',
    algorithms: ['EdDSA'],
  });
  assert.deepEqual(
    [payload.sub, payload['tid'], payload['role'], protectedHeader.kid],
    [tenant.ownerId, tenant.id, 'owner', before.keys[0]?.kid],
  );
  await server.platform.people.keys.rotate();
  const both = await jwks();
  assert.equal(both.keys.length, 2, 'the next key is published before it signs');
  const [next] = both.keys.filter(({ kid }) => kid !== before.keys[0]?.kid);
  assert.ok(next);
  await assert.rejects(jwtVerify(tenant.token, createLocalJWKSet({ keys: [next] }), { issuer }));
});
