import assert from 'node:assert/strict';
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto';
import { test } from 'node:test';
import { unwrap } from '../src/identity/installation-key.ts';
import { operatorToken } from '../src/identity/tokens.ts';
import { rootKey } from '../src/key-files.ts';
import { countRows, onboardingOf, onboardTenant, startTestServer } from './harness.ts';

const server = await startTestServer();
const [a, b] = [await onboardTenant(server), await onboardTenant(server)];
const { kid, key } = await signingKey();
const publicKey = createPublicKey(key);
const other = generateKeyPairSync('ed25519').privateKey;
const now = Math.floor(Date.now() / 1000);
const header = { alg: 'EdDSA', typ: 'at+jwt', kid };
const claims = {
  iss: 'https://id.bos.localhost',
  aud: 'bos',
  sub: a.ownerId,
  tid: a.id,
  role: 'owner',
  ...server.platform.people.feed.head,
  iat: now,
  exp: now + 300,
};

/** The key that the server signs with, as whoever stole database and root key would have it. */
async function signingKey(): Promise<{ kid: string; key: KeyObject }> {
  const { rows } = await server.db.admin.query<{ kid: string; wrapped_private: Buffer }>(
    'select kid, wrapped_private from identity.signing_keys',
  );
  const row = rows[0] as { kid: string; wrapped_private: Buffer };
  const opened = unwrap(rootKey(server.config.dataDir), 'identity.signing_keys', row.kid, row.wrapped_private);
  return { kid: row.kid, key: createPrivateKey({ key: opened, format: 'der', type: 'pkcs8' }) };
}

function b64(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** Any header over any claims, signed with Ed25519. */
function forge(top: unknown, body: unknown, by: KeyObject = key): string {
  const text = `${b64(top)}.${b64(body)}`;
  return `${text}.${sign(null, Buffer.from(text), by).toString('base64url')}`;
}

function hmac(top: unknown, secret: string | Buffer): string {
  const text = `${b64(top)}.${b64(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

const good = forge(header, claims);
const [head = '', payload = '', signature = ''] = good.split('.');
const jwk = publicKey.export({ format: 'jwk' });
const otherJwk = createPublicKey(other).export({ format: 'jwk' });
const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const last = alphabet.indexOf(signature.at(-1) ?? '');

const forgeries: Record<string, string> = {
  'alg none, no signature': `${b64({ ...header, alg: 'none' })}.${payload}.`,
  'alg none with our signature': `${b64({ ...header, alg: 'none' })}.${payload}.${signature}`,
  'alg NonE': forge({ ...header, alg: 'NonE' }, claims),
  'no alg': forge({ typ: 'at+jwt', kid }, claims),
  'alg a list': forge({ ...header, alg: ['EdDSA'] }, claims),
  'HS256 keyed with the public key as PEM': hmac({ ...header, alg: 'HS256' }, pem),
  'HS256 keyed with the public key as DER': hmac(
    { ...header, alg: 'HS256' },
    publicKey.export({ type: 'spki', format: 'der' }),
  ),
  'HS256 keyed with the raw public key': hmac({ ...header, alg: 'HS256' }, Buffer.from(jwk.x ?? '', 'base64url')),
  'HS256 keyed with nothing': hmac({ ...header, alg: 'HS256' }, ''),
  'HMAC under our own header': hmac(header, pem),
  'RS256 named': forge({ ...header, alg: 'RS256' }, claims),
  'ES256 named': forge({ ...header, alg: 'ES256' }, claims),
  'alg Ed25519 of RFC 9864': forge({ ...header, alg: 'Ed25519' }, claims),
  'signed by another key': forge(header, claims, other),
  'another kid': forge({ ...header, kid: 'other' }, claims),
  'kid a path': forge({ ...header, kid: '../../keys/token.json' }, claims),
  'kid with SQL': forge({ ...header, kid: `x' union select '${pem}' --` }, claims, other),
  'no kid': forge({ alg: 'EdDSA', typ: 'at+jwt' }, claims),
  'jwk in the header': forge({ ...header, jwk: otherJwk }, claims, other),
  'our own jwk in the header': forge({ ...header, jwk }, claims),
  'jku in the header': forge({ ...header, jku: `http://127.0.0.1:${server.port}/openapi.json` }, claims, other),
  'x5u in the header': forge({ ...header, x5u: 'http://attacker.example/chain.pem' }, claims, other),
  'x5c in the header': forge({ ...header, x5c: ['AAAA'] }, claims, other),
  'crit in the header': forge({ ...header, crit: ['exp'], exp: 1 }, claims),
  'b64 false in the header': forge({ ...header, b64: false, crit: ['b64'] }, claims),
  'typ JWT': forge({ ...header, typ: 'JWT' }, claims),
  'members of the header in another order': forge({ kid, typ: 'at+jwt', alg: 'EdDSA' }, claims),
  'blanks in the header': forge(`{"alg": "EdDSA", "typ": "at+jwt", "kid": "${kid}"}`, claims),
  'a member of the header given twice': forge(`{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"${kid}"}`, claims),
  'another issuer': forge(header, { ...claims, iss: 'https://id.attacker.example' }),
  'the issuer with a slash behind it': forge(header, { ...claims, iss: 'https://id.bos.localhost/' }),
  'no issuer': forge(header, { ...claims, iss: undefined }),
  'another audience': forge(header, { ...claims, aud: 'other' }),
  'a list of audiences': forge(header, { ...claims, aud: ['bos', 'other'] }),
  'no audience': forge(header, { ...claims, aud: undefined }),
  'the audience of operators': forge(header, { ...claims, aud: 'bos-operator' }),
  expired: forge(header, { ...claims, iat: now - 900, exp: now - 600 }),
  'a life of a day': forge(header, { ...claims, exp: now + 86_400 }),
  'no position of the revocation feed': forge(header, { ...claims, rev: undefined }),
  'a position as text': forge(header, { ...claims, rev: '0' }),
  'another generation of the feed': forge(header, { ...claims, gen: randomUUID() }),
  'a position that the feed has not reached': forge(header, { ...claims, rev: claims.rev + 1_000 }),
  'issued in the future': forge(header, { ...claims, iat: now + 3_600, exp: now + 7_200 }),
  'no expiry': forge(header, { ...claims, exp: undefined }),
  'expiry as text': forge(header, { ...claims, exp: String(now + 300) }),
  'no time of issue': forge(header, { ...claims, iat: undefined }),
  'no subject': forge(header, { ...claims, sub: undefined }),
  'a subject that is no UUID': forge(header, { ...claims, sub: 'ada' }),
  'a tenant that is no UUID': forge(header, { ...claims, tid: a.slug }),
  'a tenant that is a list': forge(header, { ...claims, tid: [a.id] }),
  'claims changed under the signature': `${head}.${b64({ ...claims, role: 'admin' })}.${signature}`,
  'claims of another tenant under the signature': `${head}.${b64({ ...claims, tid: b.id })}.${signature}`,
  'the same signature in another spelling': `${good.slice(0, -1)}${alphabet[last ^ 1]}`,
  'the same signature in a third spelling': `${good.slice(0, -1)}${alphabet[last ^ 15]}`,
  'the signature padded': `${good}==`,
  'the signature in base64': `${head}.${payload}.${Buffer.from(signature, 'base64url').toString('base64')}`,
  'no signature': `${head}.${payload}.`,
  'two parts': `${head}.${payload}`,
  'a fourth part': `${good}.${signature}`,
  'five parts as of JWE': `${head}...${payload}.${signature}`,
  'a dot in front': `.${good}`,
  truncated: good.slice(0, -20),
  'one byte of the signature changed': `${head}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
  oversized: forge(header, { ...claims, pad: 'x'.repeat(6_000) }),
  'claims that are no JSON': forge(header, 'not json'),
  'claims that are null': forge(header, 'null'),
  'claims that are a list': forge(header, [claims]),
  'no claims': forge(header, ''),
  "an operator's token": server.operator,
  nothing: '',
  'a word': 'null',
};

test('the token that is forged below is good as it is', async () => {
  const { ok } = await a.call('GET /v1/tenant', { token: good });
  assert.equal(ok.id, a.id);
  assert.equal(Object.keys(forgeries).length >= 28, true);
});

test('a token in any other scheme than Bearer, given twice or with more behind it is refused', async () => {
  const values: (readonly [string, string])[][] = [
    [['Authorization', `Basic ${good}`]],
    [['Authorization', good]],
    [['Authorization', `Bearer  ${good}`]],
    [['Authorization', `Bearer ${good} x`]],
    [['Authorization', `Bearer ${good}, Bearer ${good}`]],
    [
      ['Authorization', `Bearer ${good}`],
      ['Authorization', `Bearer ${good}`],
    ],
    [['Authorization', '']],
  ];
  for (const headers of values) {
    const { problem } = await a.call('GET /v1/tenant', { token: null, headers });
    assert.equal(problem.code, 'CREDENTIAL_INVALID', JSON.stringify(headers));
  }
  assert.equal(
    (await a.call('GET /v1/tenant', { token: null, headers: [['Authorization', `bearer ${good}`]] })).status,
    200,
  );
});

for (const [name, token] of Object.entries(forgeries)) {
  test(`V102, V103: a token with ${name} is refused on every host and writes nothing`, async () => {
    const before = await countRows(server);
    const headers = [['Authorization', `Bearer ${token}`]] as const;
    const api = { host: `api.bos.localhost:${server.port}` };
    for (const where of [{}, api, { ...api, headers: [...headers, ['X-Tenant', a.slug] as const] }]) {
      const input = { token: null, headers, ...where };
      assert.equal((await a.call('GET /v1/contacts', input)).problem.code, 'CREDENTIAL_INVALID');
      const write = await a.call('POST /v1/contacts', { ...input, body: { name: 'Forged' } });
      assert.equal(write.problem.code, 'CREDENTIAL_INVALID');
    }
    assert.deepEqual(await countRows(server), before);
  });
}

test('a token of a tenant that does not exist is answered like a missing tenant, one of no tenant is none', async () => {
  const unknown = forge(header, { ...claims, tid: randomUUID() });
  const without = forge(header, { ...claims, tid: undefined });
  for (const host of [a.host, `api.bos.localhost:${server.port}`]) {
    assert.equal((await a.call('GET /v1/contacts', { token: unknown, host })).problem.code, 'NOT_FOUND');
    assert.equal((await a.call('GET /v1/contacts', { token: without, host })).problem.code, 'CREDENTIAL_INVALID');
  }
});

test("V95: a tenant's token opens no operator's address, and an operator's token none of a tenant's", async () => {
  const before = await countRows(server);
  const body = onboardingOf('forged');
  for (const token of [a.token, good, forge(header, { ...claims, aud: 'bos-operator' }, other), '']) {
    const headers = [['Authorization', `Bearer ${token}`]] as const;
    const asked = [
      await server.operate('POST /v1/operator/tenants', { token: null, headers, body, key: 'k' }),
      await server.operate('GET /v1/operator/tenants', { token: null, headers }),
      await server.operate('GET /v1/operator/tenants/{slug}', { token: null, headers, params: { slug: a.slug } }),
      await server.operate('POST /v1/operator/tenants/{slug}/suspend', {
        token: null,
        headers,
        params: { slug: a.slug },
      }),
      await server.operate('POST /v1/operator/tenants/{slug}/resume', {
        token: null,
        headers,
        params: { slug: a.slug },
      }),
    ];
    for (const { problem } of asked) assert.equal(problem.code, 'CREDENTIAL_INVALID');
  }
  assert.equal((await server.operate('GET /v1/operator/tenants', { token: null })).problem.code, 'CREDENTIAL_MISSING');
  for (const token of [server.operator, operatorToken(server.platform.people.keys, 60)]) {
    assert.equal((await a.call('GET /v1/contacts', { token })).problem.code, 'CREDENTIAL_INVALID');
  }
  assert.deepEqual(await countRows(server), before);
});

test('an operator is served on the operator host only, a tenant never there', async () => {
  const slug = { params: { slug: a.slug } };
  for (const host of [
    a.host,
    `api.bos.localhost:${server.port}`,
    `bos.localhost:${server.port}`,
    `id.bos.localhost:${server.port}`,
    `localhost:${server.port}`,
  ]) {
    assert.equal(
      (await server.operate('GET /v1/operator/tenants/{slug}', { ...slug, host })).problem.code,
      'NOT_FOUND',
    );
  }
  const host = `operator.bos.localhost:${server.port}`;
  assert.equal((await a.call('GET /v1/contacts', { host })).problem.code, 'NOT_FOUND');
  assert.equal(
    (await a.call('GET /v1/contacts', { host, token: server.operator, headers: [['X-Tenant', a.slug]] })).problem.code,
    'NOT_FOUND',
  );
});

test('a role does what the table says: a viewer reads only, a role that is unknown or missing nothing', async () => {
  const { id } = (await a.call('POST /v1/contacts', { body: { name: 'Seen' } })).ok;
  const before = await countRows(server);
  const roles = {
    viewer: true,
    admin: true,
    member: true,
    owner: true,
    '': false,
    Owner: false,
    toString: false,
    constructor: false,
  };
  for (const [role, reads] of Object.entries(roles)) {
    const token = forge(header, { ...claims, role });
    assert.equal((await a.call('GET /v1/contacts/{id}', { params: { id }, token })).status, reads ? 200 : 403, role);
  }
  for (const role of ['viewer', 'guest', undefined]) {
    const token = forge(header, { ...claims, role });
    const params = { id };
    const refused = [
      await a.call('POST /v1/contacts', { token, body: { name: 'X' } }),
      await a.call('PATCH /v1/contacts/{id}', { token, params, version: 1, body: { name: 'X' } }),
      await a.call('DELETE /v1/contacts/{id}', { token, params, version: 1 }),
      await a.call('POST /v1/companies', { token, body: { name: 'X' } }),
      await a.call('PATCH /v1/companies/{id}', { token, params, version: 1, body: { name: 'X' } }),
      await a.call('DELETE /v1/companies/{id}', { token, params, version: 1 }),
    ];
    for (const { problem } of refused) assert.equal(problem.code, 'PERMISSION_MISSING');
  }
  assert.deepEqual(await countRows(server), before);
});
