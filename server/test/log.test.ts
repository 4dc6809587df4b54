import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { createLog } from '../src/start.ts';
import { exchange, sendBytes } from './client.ts';
import { onboardTenant, startTestServer } from './harness.ts';

const server = await startTestServer();
const [a, b] = [await onboardTenant(server), await onboardTenant(server)];

interface Line {
  level: number;
  time: number;
  msg: string;
  requestId?: string;
  tenant?: string;
  method?: string;
  path?: string;
  status?: number;
  code?: string;
  ms?: number;
  aborted?: boolean;
}

/** Runs the work, waits for as many lines of requests, and returns them and all lines as text. */
async function logged(count: number, work: () => Promise<unknown>): Promise<{ requests: Line[]; text: string }> {
  const from = server.lines.length;
  await work();
  for (let turn = 0; turn < 250; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 20)); // a line is written when the answer has left
    const lines = server.lines.slice(from);
    const requests = lines.map((line) => JSON.parse(line) as Line).filter(({ msg }) => msg === 'request');
    if (requests.length >= count) return { requests, text: lines.join('\n') };
  }
  throw new Error(`fewer than ${count} lines`);
}

test('each request leaves one line with its id, tenant, method, path, status and duration, and nothing else', async () => {
  let id = '';
  const { requests } = await logged(1, async () => {
    const answer = await a.call('GET /v1/contacts', { query: { 'name.prefix': 'x' } });
    id = String(answer.headers['x-request-id']);
  });
  assert.equal(requests.length, 1);
  const { time, ms, ...line } = requests[0] as Line;
  assert.deepEqual(line, {
    level: 30,
    msg: 'request',
    requestId: id,
    tenant: a.slug,
    method: 'GET',
    path: '/v1/contacts',
    status: 200,
  });
  assert.ok(Number.isFinite(time) && Number.isFinite(ms));
});

test('a line of a refusal has its code, and the tenant only when the credential was its own', async () => {
  const { requests } = await logged(6, async () => {
    await a.call('GET /v1/contacts/{id}', { params: { id: randomUUID() } });
    await a.call('GET /v1/contacts', { token: b.token });
    await a.call('GET /v1/contacts', { token: null });
    await a.call('GET /v1/contacts', { host: 'odd' });
    await server.operate('GET /v1/operator/tenants/{slug}', { params: { slug: 'nobody-here' } });
    await sendBytes(server.port, '\0\0\0\0');
  });
  assert.deepEqual(
    requests.map(({ tenant, status, code, path }) => ({ tenant, status, code, path })),
    [
      { tenant: a.slug, status: 404, code: 'NOT_FOUND', path: requests[0]?.path },
      { tenant: undefined, status: 404, code: 'NOT_FOUND', path: '/v1/contacts' },
      { tenant: undefined, status: 401, code: 'CREDENTIAL_MISSING', path: '/v1/contacts' },
      { tenant: undefined, status: 400, code: 'HOST_INVALID', path: '' },
      { tenant: undefined, status: 404, code: 'NOT_FOUND', path: '/v1/operator/tenants/nobody-here' },
      { tenant: undefined, status: 400, code: 'REQUEST_INVALID', path: undefined },
    ],
  );
  assert.equal(new Set(requests.map(({ requestId }) => requestId)).size, 6);
});

test('a request whose client left has a line that says so', async () => {
  const { requests } = await logged(1, async () => {
    const controller = new AbortController();
    await server.db.admin.query('begin');
    await server.db.admin.query('lock table crm.companies in access exclusive mode');
    const call = a.call('POST /v1/companies', { body: { name: 'Left' }, signal: controller.signal });
    setTimeout(() => controller.abort(), 60);
    await assert.rejects(call);
    await server.db.admin.query('rollback');
  });
  assert.deepEqual(
    requests.map(({ aborted, tenant, path }) => ({ aborted, tenant, path })),
    [{ aborted: true, tenant: a.slug, path: '/v1/companies' }],
  );
});

test('V117: no token, e-mail address, name, query or body is ever logged, at the finest level, whatever goes wrong', async () => {
  const secret = `secret-${a.marker}`;
  const email = `${secret}@mail.example`;
  const { text, requests } = await logged(16, async () => {
    const body = { name: secret, email, phone: secret };
    const { id } = (await a.call('POST /v1/contacts', { body, key: `key-${secret}` })).ok;
    await a.call('POST /v1/contacts', { body });
    await a.call('POST /v1/contacts', { body: { ...body, company_id: randomUUID() } });
    await a.call('POST /v1/contacts', { body: { ...body, [secret]: secret } });
    await a.call('POST /v1/contacts', { body: `{"${secret}":` });
    await a.call('PATCH /v1/contacts/{id}', { params: { id }, version: 9, body });
    await a.call('GET /v1/contacts', { query: { 'email.eq': email } });
    await a.call('GET /v1/contacts', { query: `${secret}=${secret}` });
    await a.call('GET /v1/contacts', { query: { after: secret } });
    await a.call('GET /v1/contacts', {
      headers: [
        ['X-Tenant', secret],
        ['Cookie', secret],
        ['X-Secret', secret],
      ],
    });
    await a.call('GET /v1/contacts/{id}', { params: { id: encodeURIComponent(email) } });
    await a.call('GET /v1/contacts/{id}', { params: { id: a.token } });
    await exchange(server.port, {
      method: 'GET',
      target: `/${secret}@x/${'y'.repeat(200)}?${secret}`,
      headers: [['Host', a.host]],
    });
    await a.call('GET /v1/contacts', { host: `${secret}.other.example` });
    await server.operate('POST /v1/operator/tenants', {
      key: secret,
      body: { slug: a.slug, name: secret, region: 'eu', plan: 'free', owner: { email, name: secret } },
    });
    const { fill } = server.platform.steps;
    server.platform.steps.fill = async () =>
      void (await server.db.admin.query(
        'insert into identity.persons (id, email, name) select id, email, name from identity.persons limit 1',
      ));
    const failing = { slug: `x-${a.marker}`, name: secret, region: 'eu', plan: 'free', owner: { email, name: secret } };
    assert.equal(
      (await server.operate('POST /v1/operator/tenants', { key: `${secret}-2`, body: failing })).status,
      500,
    );
    server.platform.steps.fill = fill;
  });
  assert.equal(requests.length, 16);
  for (const word of [
    secret,
    encodeURIComponent(email),
    'Bearer',
    a.token,
    a.token.slice(-40),
    server.operator,
    'yyyyyyyyyy',
  ]) {
    assert.ok(!text.includes(word), `${word} in ${text.split('\n').find((line) => line.includes(word))}`);
  }
  assert.doesNotMatch(text, /eyJ|@|\?/);
});

test('what could be a secret is cut out of the log by its name', () => {
  const lines: string[] = [];
  const log = createLog({ logLevel: 'info' }, { write: (line: string) => void lines.push(line) });
  log.info(
    {
      token: 'hidden',
      password: 'hidden',
      request: { authorization: 'hidden', token: 'hidden' },
      role: { password: 'hidden' },
    },
    'x',
  );
  assert.equal(lines.length, 1);
  assert.ok(!lines[0]?.includes('hidden'));
  assert.equal(lines[0]?.split('[redacted]').length, 6);
});
