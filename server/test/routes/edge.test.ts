import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RouteKey, routes } from '@businessos/contract';
import { type CallInput, callRoute, sendBytes, sendRaw } from '../client.ts';
import { asTenant, startOn } from '../harness.ts';
import { bare } from './bare.ts';
import { checkPage } from './browser.ts';
import { pagesOf } from './page-routes.ts';
import { samples } from './samples.ts';
import { addKey, addMember, addRecord, openStage } from './stage.ts';

const stage = await openStage();
const { server, home, other } = stage;
const { port } = server;
const keys = Object.keys(routes) as RouteKey[];
const ofTenants = keys.filter((key) => routes[key].host === 'tenant');
const labelled = (label: string) => `${label === '' ? '' : `${label}.`}bos.localhost:${port}`;
const hostOf = (key: RouteKey) => {
  const { host } = routes[key];
  return host === 'tenant' || host === 'any' ? home.host : labelled(host);
};

test('V70 a tenant header that a client doubles is refused on every route, and one of two names is a missing tenant', async () => {
  for (const key of ofTenants) {
    const input = await samples[key](stage, undefined);
    const missing = bare(await home.call(key, { ...input, host: labelled('nobody-here') }));
    for (const pair of [
      [home.slug, home.slug],
      [home.slug, other.slug],
      [other.slug, home.slug],
      ['', home.slug],
    ]) {
      for (const host of [home.host, labelled('api')]) {
        const headers = pair.map((slug, at) => [at === 0 ? 'X-Tenant' : 'x-tenant', slug] as const);
        assert.equal((await home.call(key, { ...input, host, headers })).problem.code, 'HOST_INVALID', key);
        const joined = { ...input, host, headers: [['X-Tenant', pair.join(', ')] as const] };
        assert.deepEqual(bare(await home.call(key, joined)), missing, key);
      }
    }
  }
});

/** Who a key that is bound to one address believes to be asked by, with these headers. */
const from = (...hops: string[]): (readonly [string, string])[] => hops.map((hop) => ['X-Forwarded-For', hop] as const);
const bound = (await addKey(stage, home, ['crm.read'], { addresses: ['203.0.113.7', '2001:db8::/32'] })).key;

test('V71 an untrusted peer’s X-Forwarded-For is not read, of a trusted one the last hop that is no proxy counts', async () => {
  const distrusting = await startOn(server.db);
  const chained = await startOn(server.db, { config: { trustProxy: ['127.0.0.1', '::1', '10.0.0.0/8', 'fd00::/8'] } });
  const asked: [hops: string[], trusting: number, chained: number][] = [
    [['203.0.113.7'], 200, 200],
    [['2001:db8::1'], 200, 200],
    [['::ffff:203.0.113.7'], 200, 200],
    [['203.0.113.7, 198.51.100.9'], 401, 401], // the first is what the client wrote himself
    [['198.51.100.9, 203.0.113.7'], 200, 200],
    [['198.51.100.9', '203.0.113.7'], 200, 200],
    [['203.0.113.7', '198.51.100.9'], 401, 401],
    [['203.0.113.7, 10.1.2.3'], 401, 200],
    [['203.0.113.7, 10.1.2.3, fd00::1'], 401, 200],
    [['203.0.113.7, 198.51.100.9, 10.1.2.3'], 401, 401],
    [['203.0.113.7, unknown'], 401, 401],
    [['203.0.113.7:443'], 401, 401],
    [['203.0.113.7,'], 401, 401],
    [['203.0.113.007'], 401, 401],
    [[''], 401, 401],
    [[], 401, 401],
  ];
  for (const [hops, trusting, through] of asked) {
    const headers = from(...hops);
    const ask = async (at: typeof server) => {
      const tenant = await asTenant(at, home, home.marker);
      return (await tenant.call('GET /v1/me', { token: bound, headers })).status;
    };
    const got = [await ask(distrusting), await ask(server), await ask(chained)];
    assert.deepEqual(got, [401, trusting, through], JSON.stringify(hops));
  }
});

test('V71 no other header says where a request comes from or goes to, even from a trusted peer', async () => {
  for (const header of ['X-Real-IP', 'Forwarded', 'X-Client-IP', 'CF-Connecting-IP', 'True-Client-IP']) {
    for (const value of ['203.0.113.7', 'for=203.0.113.7'])
      assert.equal((await home.call('GET /v1/me', { token: bound, headers: [[header, value]] })).status, 401, header);
  }
  for (const header of ['X-Forwarded-Host', 'X-Host', 'X-Forwarded-Server', 'X-Original-URL', 'X-Rewrite-URL']) {
    for (const value of [other.host, '/v1/operator/tenants'])
      assert.equal((await home.call('GET /v1/me', { headers: [[header, value]] })).ok.tenant.id, home.id, header);
  }
  const { session } = await addMember(stage, home, 'owner');
  const headers = [
    ['Cookie', session],
    ['Origin', `https://${home.host}`],
    ['X-Forwarded-Proto', 'https'],
  ] as const;
  const { problem } = await home.call('POST /v1/companies', { token: null, headers, body: { name: 'X' } });
  assert.equal(problem.code, 'CROSS_ORIGIN');
});

test('V72 odd spellings of every host of the installation, and bytes that no Host may hold, are refused', async () => {
  const name = 'bos.localhost';
  for (const label of ['id', 'api', 'operator', home.slug]) {
    const odd = [
      `${label}.${name}.:${port}`,
      `${label}..${name}:${port}`,
      `x.${label}.${name}:${port}`,
      `${label}.${label}.${name}:${port}`,
    ];
    const more = [
      `${label}%2e${name}:${port}`,
      `${label}@id.${name}:${port}`,
      `${label}.${name}:${port}:${port}`,
      `${label}.${name}:00${port}`,
    ];
    const bytes = [
      `${label}\0.${name}:${port}`,
      `${label}.${name}:${port}\0`,
      `${label}\x7f.${name}:${port}`,
      `\x0b${label}.${name}:${port}`,
    ];
    for (const host of [...odd, ...more, ...bytes]) {
      const text = await sendBytes(port, Buffer.from(`GET /v1/me HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 'latin1'));
      assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/, JSON.stringify(host));
      assert.match(text, /"code":"(?:HOST_INVALID|REQUEST_INVALID)"/);
      assert.match(text, /\r\nCache-Control: private, no-store\r\n/);
    }
    const capitals = label.toUpperCase();
    assert.equal(
      (await home.call('GET /healthz', { host: `${capitals}.BOS.LocalHost:${port}`, token: null })).status,
      200,
    );
  }
});

test('V75 no page and no refusal may be kept: only files that are named by their content are', async () => {
  const { login, session } = await addMember(stage, home, 'owner');
  for (const { label, method, path } of pagesOf(server)) {
    const host = label === 'tenant' ? home.host : labelled(label);
    for (const cookie of [undefined, login, session]) {
      for (const verb of method === 'GET' ? ['GET', 'HEAD'] : ['POST', 'PUT']) {
        const headers = [['Host', host] as const, ['Origin', `http://${host}`] as const];
        const target = path.replace('*', 'A'.repeat(43));
        const sent = { method: verb, target, headers: cookie ? [...headers, ['Cookie', cookie] as const] : headers };
        const answer = await sendRaw(port, sent);
        if (verb !== 'HEAD') checkPage(answer);
        assert.equal(answer.headers['cache-control'], 'private, no-store', `${verb} ${path}`);
        assert.equal(answer.headers['etag'], undefined);
        assert.equal(answer.headers['last-modified'], undefined);
      }
    }
  }
});

test('V76 a validator of one tenant, or an old one, never answers 304: a record is always read anew', async () => {
  const [mine, theirs] = [await addRecord(stage, home, 'contacts'), await addRecord(stage, other, 'contacts')];
  const { headers } = await home.call('GET /v1/contacts/{id}', { params: { id: mine } });
  const etag = String(headers['etag']);
  for (const value of [etag, `W/${etag}`, '*', `${etag}, "2"`]) {
    const conditions = [
      ['If-None-Match', value],
      ['If-Modified-Since', new Date(Date.now() + 60_000).toUTCString()],
    ] as const;
    for (const [tenant, id] of [
      [home, mine],
      [other, theirs],
    ] as const) {
      const answer = await tenant.call('GET /v1/contacts/{id}', { params: { id }, headers: conditions });
      assert.equal(answer.ok.id, id, value);
    }
    const crossed = await other.call('GET /v1/contacts/{id}', { params: { id: mine }, headers: conditions });
    assert.equal(crossed.problem.code, 'NOT_FOUND');
    for (const key of ['GET /v1/me', 'GET /v1/contacts', 'GET /v1/members'] as const)
      assert.equal((await other.call(key, { headers: conditions })).status, 200);
  }
});

test('V77 no route answers a preflight, and none allows any origin to read, its own and null included', async () => {
  const token = server.operator;
  for (const key of keys) {
    const [method = '', path = ''] = key.split(' ');
    const host = hostOf(key);
    const target = path.replace(/\{\w+\}/g, 'x');
    for (const origin of [`http://${host}`, `http://${other.host}`, 'https://evil.example', 'null']) {
      const asks = [
        ['Origin', origin],
        ['Access-Control-Request-Method', method],
        ['Access-Control-Request-Headers', 'authorization'],
      ] as const;
      const preflight = await sendRaw(port, { method: 'OPTIONS', target, headers: [['Host', host], ...asks] });
      assert.equal(preflight.status, 405, key);
      const call: CallInput = { params: { id: 'x', slug: 'x' }, headers: [['Origin', origin]], token };
      for (const answer of [preflight, await callRoute(port, key, { host, ...call })])
        assert.ok(!answer.rawHeaders.some((name) => /^access-control-|^vary$/i.test(name)), key);
    }
  }
});
