import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import express from 'express';
import { createResolver, createTokenVerifier, signToken, tenantScope } from '../src/express.ts';
import { sql } from '../src/index.ts';
import { openStage } from './stage.ts';

const db = await openStage();
const [a, b] = db.tenants;
const tenancy = await db.tenancy();
const key = { kid: 'k1', key: generateKeyPairSync('ed25519').privateKey };
const known = [
  { id: a, slug: 'acme', mode: 'open' },
  { id: b, slug: 'globex', mode: 'open' },
  { id: '00000000-0000-4000-8000-0000000000ee', slug: 'asleep', mode: 'suspended' },
];
const findTenant = (by: { slug: string } | { id: string }) =>
  known.find((one) => ('slug' in by ? one.slug === by.slug : one.id === by.id));

// the founding design's middleware, as a user writes it
const verify = createTokenVerifier({ keys: [key], issuer: 'https://id.example.com', audience: 'shop' });
const app = express();
app.use(tenantScope(tenancy, createResolver({ verify, findTenant }), { baseDomain: 'example.com' }));
app.get('/notes', async (request, response) => {
  const { rows } = await tenancy.query(sql('notes')`select body from shop.notes order by body`);
  response.json({ tenant: (request as { tenantId?: string }).tenantId, rows });
});

const server = app.listen(0);
await once(server, 'listening');
after(() => server.close());

async function ask(headers: Record<string, string>): Promise<{ status: number; body: string }> {
  const request = get({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    path: '/notes',
    headers,
    agent: false,
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}

const now = Math.floor(Date.now() / 1000);
const claims = {
  iss: 'https://id.example.com',
  aud: 'shop',
  sub: '00000000-0000-4000-8000-0000000000aa',
  tid: a,
  role: 'owner',
  iat: now,
  exp: now + 60,
};
const token = signToken(key, claims);
const bearer = (value: string) => ({ Authorization: `Bearer ${value}` });

test('the token’s tenant gets its own rows, by subdomain, by header, or by the token alone', async () => {
  const own = { tenant: a, rows: [{ body: db.marker(a) }] };
  for (const headers of [
    { Host: 'acme.example.com' },
    { Host: 'ACME.example.com:8080' },
    { Host: 'example.com', 'X-Tenant': 'acme' },
    { Host: 'example.com' },
  ]) {
    const { status, body } = await ask({ ...headers, ...bearer(token) });
    assert.deepEqual([status, JSON.parse(body)], [200, own]);
  }
});

test('whatever does not agree is answered like a missing tenant', async () => {
  const missing = await ask({ Host: 'nobody.example.com', ...bearer(token) });
  assert.equal(missing.status, 404);
  for (const headers of [
    { Host: 'globex.example.com' },
    { Host: 'acme.example.com', 'X-Tenant': 'globex' },
    { Host: 'example.com', 'X-Tenant': 'globex' },
    { Host: 'acme.evil.com' },
    { Host: 'x.acme.example.com' },
    { Host: 'asleep.example.com' },
  ]) {
    assert.deepEqual(await ask({ ...headers, ...bearer(token) }), missing, JSON.stringify(headers));
  }
});

test('no token is 401, a suspended tenant tells its own people only', async () => {
  assert.equal((await ask({ Host: 'acme.example.com' })).status, 401);
  const own = signToken(key, { ...claims, tid: '00000000-0000-4000-8000-0000000000ee' });
  assert.equal((await ask({ Host: 'asleep.example.com', ...bearer(own) })).status, 403);
  assert.equal((await ask({ Host: 'asleep.example.com', ...bearer('x.y.z') })).status, 404);
});

test('V102 V103 no forged token is accepted: algorithm, key, header, claims, times and spelling are pinned', async () => {
  const b64 = (value: unknown) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const [header = '', payload = '', signature = ''] = token.split('.');
  const other = generateKeyPairSync('ed25519').privateKey;
  const withHeader = (value: unknown) => `${b64(value)}.${payload}.${signature}`;
  const last = signature.at(-1) ?? '';
  const twin = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const respelled = signature.slice(0, -1) + twin[(twin.indexOf(last) & ~15) | ((twin.indexOf(last) + 1) & 15)];
  const forged: Record<string, string> = {
    'alg none': `${b64({ alg: 'none', typ: 'at+jwt', kid: 'k1' })}.${payload}.`,
    'alg none, signed': withHeader({ alg: 'none', typ: 'at+jwt', kid: 'k1' }),
    'alg None': withHeader({ alg: 'None', typ: 'at+jwt', kid: 'k1' }),
    'HS256 with the public key': (() => {
      const head = `${b64({ alg: 'HS256', typ: 'at+jwt', kid: 'k1' })}.${payload}`;
      return `${head}.${createHmac('sha256', key.key.export({ format: 'pem', type: 'pkcs8' }))
        .update(head)
        .digest('base64url')}`;
    })(),
    'another key': signToken({ kid: 'k1', key: other }, claims),
    'an unknown kid': signToken({ kid: 'k2', key: key.key }, claims),
    'a path in kid': withHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: '../../etc/passwd' }),
    'SQL in kid': withHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: "' or true --" }),
    jku: withHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: 'k1', jku: 'https://evil.example' }),
    x5u: withHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: 'k1', x5u: 'https://evil.example' }),
    jwk: withHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: 'k1', jwk: {} }),
    crit: withHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: 'k1', crit: ['exp'] }),
    'the same header with a blank': withHeader(`{ "alg":"EdDSA","typ":"at+jwt","kid":"k1"}`),
    'a header of another order': withHeader({ kid: 'k1', alg: 'EdDSA', typ: 'at+jwt' }),
    'another type': withHeader({ alg: 'EdDSA', typ: 'JWT', kid: 'k1' }),
    'another issuer': signToken(key, { ...claims, iss: 'https://evil.example' }),
    'another audience': signToken(key, { ...claims, aud: 'other' }),
    expired: signToken(key, { ...claims, iat: now - 600, exp: now - 300 }),
    'issued in the future': signToken(key, { ...claims, iat: now + 300, exp: now + 600 }),
    'a changed payload': `${header}.${b64({ ...claims, role: 'admin' })}.${signature}`,
    'no expiry': signToken(key, { ...claims, exp: undefined } as never),
    'an expiry that is text': signToken(key, { ...claims, exp: '9999999999' } as never),
    'no subject': signToken(key, { ...claims, sub: undefined } as never),
    'no signature': `${header}.${payload}.`,
    'half a signature': `${header}.${payload}.${signature.slice(0, 40)}`,
    'another spelling of the signature': `${header}.${payload}.${respelled}`,
    'a fourth part': `${token}.x`,
    padded: `${token}==`,
    'two parts': `${header}.${payload}`,
    huge: `${header}.${'A'.repeat(5_000)}.${signature}`,
    empty: '',
  };
  for (const [what, value] of Object.entries(forged)) {
    assert.equal((await ask({ Host: 'acme.example.com', ...bearer(value) })).status, 401, what);
  }
  assert.equal((await ask({ Host: 'acme.example.com', ...bearer(token) })).status, 200);
  // a verified token is remembered, its times are not
  let clock = Date.now();
  const timed = createTokenVerifier({ keys: [key], issuer: claims.iss, audience: claims.aud, now: () => clock });
  assert.equal(timed(token).sub, claims.sub);
  clock += 120_000;
  assert.throws(() => timed(token), { code: 'CREDENTIAL_INVALID' });
});
