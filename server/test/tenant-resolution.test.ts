import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { type RouteKey, routes } from '@businessos/contract';
import { type Answer, type CallInput, sendBytes } from './client.ts';
import { onboardTenant, startTestServer } from './harness.ts';

const server = await startTestServer();
const [a, b] = [await onboardTenant(server), await onboardTenant(server)];
const { port } = server;
const api = `api.bos.localhost:${port}`;
const base = `bos.localhost:${port}`;
const missing = `nobody-here.bos.localhost:${port}`;

/** Status, body and headers in their order, without what differs from request to request. */
function bare({ status, rawHeaders, text }: Answer) {
  const pairs = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? ''] as const] : []));
  const id = pairs.find(([name]) => name === 'X-Request-Id')?.[1] ?? '';
  return {
    status,
    text: text.replace(id, 'ID'),
    headers: pairs.filter(([name]) => !/^(date|x-request-id)$/i.test(name)),
  };
}

const tenantRoutes = (Object.keys(routes) as RouteKey[]).filter((key) => routes[key].host === 'tenant');

/** A well-formed call of a route. */
function wellFormed(route: RouteKey): CallInput {
  const version = 'version' in routes[route] ? { version: 1 } : {};
  const body = 'body' in routes[route] ? { body: { name: 'Never written' } } : {};
  return { params: { id: randomUUID() }, ...version, ...body };
}

test('a tenant is named by its host, by x-tenant at api, or by its token alone', async () => {
  const named = async (input: CallInput) => (await a.call('GET /v1/tenant', input)).ok.slug;
  assert.equal(await named({}), a.slug);
  assert.equal(await named({ host: a.host.toUpperCase() }), a.slug);
  assert.equal(await named({ headers: [['X-Tenant', a.slug]] }), a.slug);
  assert.equal(await named({ host: api }), a.slug);
  assert.equal(await named({ host: api, headers: [['x-tenant', a.slug]] }), a.slug);
  assert.equal(await named({ host: api, token: b.token }), b.slug);
});

test('V69: every disagreement of host, header and token is the 404 of a missing tenant, in bytes and headers, on every route', async () => {
  const disagreements: Record<string, CallInput> = {
    "another tenant's token": { token: b.token },
    "another tenant's header": { headers: [['X-Tenant', b.slug]] },
    "another tenant's header and token": { token: b.token, headers: [['X-Tenant', b.slug]] },
    "another tenant's host": { host: b.host },
    "another tenant's host, own header": { host: b.host, headers: [['X-Tenant', a.slug]] },
    "another tenant's header at api": { host: api, headers: [['X-Tenant', b.slug]] },
    "a missing tenant's header": { headers: [['X-Tenant', 'nobody-here']] },
    "a missing tenant's header at api": { host: api, headers: [['X-Tenant', 'nobody-here']] },
    'a header in capitals': { headers: [['X-Tenant', a.slug.toUpperCase()]] },
    'an empty header': { headers: [['X-Tenant', '']] },
    'a reserved word': { host: api, headers: [['X-Tenant', 'admin']] },
    'an odd header': { headers: [['X-Tenant', `${a.slug}/../${b.slug}`]] },
    'two slugs in one header': { headers: [['X-Tenant', `${a.slug}, ${b.slug}`]] },
    'an id as header': { headers: [['X-Tenant', a.id]] },
    'no token at a missing tenant': { host: missing, token: null },
    'a bad token at a missing tenant': { host: missing, token: 'x.y.z' },
    "another tenant's header without a token": { token: null, headers: [['X-Tenant', b.slug]] },
  };
  for (const route of tenantRoutes) {
    const expected = bare(await a.call(route, { ...wellFormed(route), host: missing }));
    assert.equal(expected.status, 404);
    for (const [name, input] of Object.entries(disagreements)) {
      assert.deepEqual(bare(await a.call(route, { ...wellFormed(route), ...input })), expected, `${route}: ${name}`);
    }
  }
});

test('V70, V71: forwarded and other headers of a client name no tenant', async () => {
  for (const [name, value] of [
    ['X-Forwarded-Host', b.host],
    ['Forwarded', `host=${b.host}`],
    ['X-Original-Host', b.host],
    ['X-Tenant-Id', b.id],
    ['X_Tenant', b.slug],
    ['Tenant', b.slug],
    ['X-HTTP-Method-Override', 'DELETE'],
  ] as const) {
    assert.equal((await a.call('GET /v1/tenant', { headers: [[name, value]] })).ok.id, a.id, name);
  }
});

test('V90: a known tenant says 401 without a good token, an unknown one 404, and neither says who is in it', async () => {
  assert.equal((await a.call('GET /v1/contacts', { token: null })).problem.code, 'CREDENTIAL_MISSING');
  assert.equal((await a.call('GET /v1/contacts', { token: 'x.y.z' })).problem.code, 'CREDENTIAL_INVALID');
  assert.equal((await a.call('GET /v1/contacts', { host: api, token: null })).problem.code, 'CREDENTIAL_MISSING');
  assert.equal((await a.call('GET /v1/contacts', { host: missing, token: null })).problem.code, 'NOT_FOUND');
  const email = `shared-${a.marker}@mail.example`;
  const make = () => b.call('POST /v1/contacts', { body: { name: 'B', email } });
  await a.call('POST /v1/contacts', { body: { name: 'A', email } });
  assert.equal((await make()).status, 201);
  const found = (await a.call('GET /v1/contacts', { query: { 'email.eq': `owner-${b.marker}@mail.example` } })).ok;
  assert.deepEqual(found.items, []);
});

const oddHosts: Record<string, string> = {
  userinfo: `${a.host}@${b.host}`,
  'userinfo with a port': `a.bos.localhost:80@${b.host}`,
  'a trailing dot': `${a.slug}.bos.localhost.:${port}`,
  'a deeper name': `x.${a.host}`,
  'a foreign suffix': `${a.slug}.bos.localhost.example:${port}`,
  'the base as part of a name': `${a.slug}.evilbos.localhost:${port}`,
  'another domain': `example.com:${port}`,
  'no port': `${a.slug}.bos.localhost`,
  'another port': `${a.slug}.bos.localhost:${port + 1}`,
  'an empty port': `${a.slug}.bos.localhost:`,
  'a port in words': `${a.slug}.bos.localhost:http`,
  'a long port': `${a.slug}.bos.localhost:0${port}`,
  'a signed port': `${a.slug}.bos.localhost:+${port}`,
  'a blank inside': `${a.slug} .bos.localhost:${port}`,
  'a tab inside': `${a.slug}\t.bos.localhost:${port}`,
  'two names': `${a.host},${b.host}`,
  'a slash': `${a.host}/`,
  'a backslash': `${a.host}\\`,
  'a query': `${a.host}?`,
  'a fragment': `${a.host}#`,
  'an escape': `${a.slug}%2ebos.localhost:${port}`,
  'an underscore': `t_${a.marker}.bos.localhost:${port}`,
  'a hyphen in front': `-${a.slug}.bos.localhost:${port}`,
  'a hyphen behind': `${a.slug}-.bos.localhost:${port}`,
  'two hyphens': `t--x.bos.localhost:${port}`,
  punycode: `xn--bcher-kva.bos.localhost:${port}`,
  'UTF-8': `bücher.bos.localhost:${port}`,
  'the Kelvin sign': `bos.loc\u212alhost:${port}`,
  'another address': `10.0.0.1:${port}`,
  'an address of IPv6': `[::1]:${port}`,
  'a number as address': `2130706433:${port}`,
  'a long label': `${'a'.repeat(64)}.bos.localhost:${port}`,
  'a long host': `${'a'.repeat(300)}.bos.localhost:${port}`,
  'a reserved word': `admin.bos.localhost:${port}`,
  'a short slug': `ab.bos.localhost:${port}`,
  'a digit in front': `1abc.bos.localhost:${port}`,
  'an empty label': `.bos.localhost:${port}`,
  empty: '',
};

for (const [name, host] of Object.entries(oddHosts)) {
  test(`V72: a Host with ${name} is answered 400 and the connection ends`, async () => {
    for (const path of ['/v1/contacts', '/healthz', '/nowhere']) {
      const text = await sendBytes(
        port,
        Buffer.from(
          `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${a.token}\r\n\r\nGET /healthz HTTP/1.1\r\nHost: ${base}\r\n\r\n`,
        ),
      );
      assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/);
      assert.match(text, /"code":"HOST_INVALID"/);
      assert.match(text, /\r\nConnection: close\r\n/);
      assert.equal(text.split('HTTP/1.1 ').length, 2, 'no second answer on this connection');
      assert.ok(!text.includes(a.marker));
    }
  });
}

test('V72: no Host, two Hosts, two x-tenant, an absolute target and odd targets are answered 400', async () => {
  const auth = `Authorization: Bearer ${a.token}\r\n`;
  const own = `Host: ${a.host}\r\n`;
  const requests: [bytes: string, code: string][] = [
    [`GET /v1/contacts HTTP/1.1\r\n${auth}\r\n`, 'HOST_INVALID'],
    [`GET /v1/contacts HTTP/1.0\r\n${auth}\r\n`, 'HOST_INVALID'],
    [`GET /v1/contacts HTTP/1.1\r\n${own}${own}${auth}\r\n`, 'HOST_INVALID'],
    [`GET /v1/contacts HTTP/1.1\r\n${own}Host: ${b.host}\r\n${auth}\r\n`, 'HOST_INVALID'],
    [`GET /v1/contacts HTTP/1.1\r\nHost: ${b.host}\r\n${own}${auth}\r\n`, 'HOST_INVALID'],
    [`GET /v1/contacts HTTP/1.1\r\n${own}X-Tenant: ${a.slug}\r\nx-tenant: ${a.slug}\r\n${auth}\r\n`, 'HOST_INVALID'],
    [`GET http://${a.host}/v1/contacts HTTP/1.1\r\n${own}${auth}\r\n`, 'TARGET_INVALID'],
    [`GET http://${b.host}/v1/contacts HTTP/1.1\r\n${own}${auth}\r\n`, 'TARGET_INVALID'],
    [`GET //${b.host}/v1/contacts HTTP/1.1\r\n${own}${auth}\r\n`, 'TARGET_INVALID'],
    [`OPTIONS * HTTP/1.1\r\n${own}${auth}\r\n`, 'TARGET_INVALID'],
    [`GET /v1/contacts/%2e%2e%2fx HTTP/1.1\r\n${own}${auth}\r\n`, 'TARGET_INVALID'],
    [`GET /v1/contacts/%ff HTTP/1.1\r\n${own}${auth}\r\n`, 'TARGET_INVALID'],
    [`GET /v1/contacts/%00 HTTP/1.1\r\n${own}${auth}\r\n`, 'TARGET_INVALID'],
    [`GET /v1/contacts/%zz HTTP/1.1\r\n${own}${auth}\r\n`, 'TARGET_INVALID'],
    [`GET /v1\\contacts HTTP/1.1\r\n${own}${auth}\r\n`, 'TARGET_INVALID'],
    [`GET /v1/contacts?${'a'.repeat(9_000)} HTTP/1.1\r\n${own}${auth}\r\n`, 'TARGET_INVALID'],
  ];
  for (const [bytes, code] of requests) {
    const text = await sendBytes(port, bytes);
    assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/, bytes);
    assert.ok(text.includes(`"code":"${code}"`), `${bytes}\n${text}`);
    assert.match(text, /\r\nCache-Control: private, no-store\r\n/);
  }
});

test('the hosts without a tenant serve what is for all, and nothing of a tenant', async () => {
  for (const host of [
    base,
    `id.bos.localhost:${port}`,
    `operator.bos.localhost:${port}`,
    `localhost:${port}`,
    `127.0.0.1:${port}`,
  ]) {
    assert.equal((await a.call('GET /healthz', { host, token: null })).ok.status, 'ok');
    assert.equal((await a.call('GET /readyz', { host, token: null })).ok.status, 'ready');
    for (const headers of [[], [['X-Tenant', a.slug]] as const]) {
      assert.equal((await a.call('GET /v1/contacts', { host, headers })).problem.code, 'NOT_FOUND');
    }
  }
});
