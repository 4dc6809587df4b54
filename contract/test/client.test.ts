import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { type Contact, createApi, Problem, problemBody } from '../src/index.ts';

const onboarding = {
  slug: 'x',
  name: 'x',
  region: 'eu',
  plan: 'pro',
  owner: { email: 'a@b.example', name: 'x' },
} as const;
const id = '0197f000-0000-7000-8000-00000000000a';

type Seen = { line: string; headers: IncomingHttpHeaders; body: string };

/** Runs a server that records each request and answers with what it is told. */
async function withServer(
  answer: { status: number; body?: unknown; text?: string },
  use: (origin: string, seen: Seen[]) => Promise<void>,
): Promise<void> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
    response
      .writeHead(answer.status)
      .end(answer.text ?? (answer.body === undefined ? '' : JSON.stringify(answer.body)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('a call becomes path, query, headers and body of its route', async () => {
  await withServer({ status: 200, body: { version: 4 } }, async (origin, seen) => {
    const api = createApi({ origin, token: 'T' });
    const contact = await api('PATCH /v1/contacts/{id}', {
      params: { id },
      body: { name: 'Ana' },
      version: 3,
      key: 'k1',
    });
    assert.equal(contact.version, 4);
    await api('GET /v1/contacts', { query: { 'name.prefix': 'a&b', sort: '-touched', limit: 5 } });
    await api('GET /v1/tenant');
    assert.deepEqual(
      seen.map((one) => one.line),
      [`PATCH /v1/contacts/${id}`, 'GET /v1/contacts?name.prefix=a%26b&sort=-touched&limit=5', 'GET /v1/tenant'],
    );
    const { headers, body } = seen[0] as Seen;
    assert.equal(headers['if-match'], '"3"');
    assert.equal(headers['idempotency-key'], 'k1');
    assert.equal(headers['authorization'], 'Bearer T');
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(body, '{"name":"Ana"}');
    assert.equal(seen[2]?.headers['content-type'], undefined);
  });
});

test('204 answers nothing', async () => {
  await withServer({ status: 204 }, async (origin) => {
    assert.equal(await createApi({ origin })('DELETE /v1/contacts/{id}', { params: { id }, version: 1 }), undefined);
  });
});

test('a stale version throws the problem with the record as it is now', async () => {
  const body = problemBody('VERSION_STALE', 'r1', { current: { id, version: 9 } });
  await withServer({ status: 412, body }, async (origin) => {
    const call = createApi({ origin })('PATCH /v1/contacts/{id}', { params: { id }, body: { name: 'x' }, version: 1 });
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof Problem);
      assert.equal(error.status, 412);
      assert.equal(error.code, 'VERSION_STALE');
      assert.deepEqual(error.current, { id, version: 9 });
      assert.equal(error.requestId, 'r1');
      return true;
    });
  });
});

test('an expired session is told before the problem is thrown', async () => {
  await withServer({ status: 401, body: problemBody('CREDENTIAL_INVALID', 'r1') }, async (origin) => {
    let told = 0;
    const api = createApi({ origin, expired: () => told++ });
    await assert.rejects(api('GET /v1/tenant'), { code: 'CREDENTIAL_INVALID' });
    assert.equal(told, 1);
  });
});

test('an answer that is no problem of ours is still a Problem with its status', async () => {
  await withServer({ status: 502, text: '<html>' }, async (origin) => {
    await assert.rejects(createApi({ origin })('GET /v1/tenant'), { name: 'Problem', status: 502, code: 'UNKNOWN' });
  });
});

test('a parameter cannot lead to another route', async () => {
  await withServer({ status: 200, body: {} }, async (origin, seen) => {
    const api = createApi({ origin });
    for (const odd of ['', '.', '..']) {
      await assert.rejects(api('GET /v1/contacts/{id}', { params: { id: odd } }), TypeError);
    }
    await api('GET /v1/contacts/{id}', { params: { id: '../tenant?x#y' } });
    assert.deepEqual(
      seen.map((one) => one.line),
      ['GET /v1/contacts/..%2Ftenant%3Fx%23y'],
    );
  });
});

test('the compiler refuses wrong calls, and it alone: unchecked, each but the two without an id is sent', async () => {
  await withServer({ status: 200, body: {} }, async (origin, seen) => {
    const api = createApi({ origin });
    const contact: Contact = await api('GET /v1/contacts/{id}', { params: { id } });
    // @ts-expect-error the answer is no company
    const company: { domain: string } = contact;
    assert.deepEqual(company, {});
    const calls = await Promise.allSettled([
      // @ts-expect-error no such route
      api('GET /v1/contact'),
      // @ts-expect-error params are missing
      api('GET /v1/contacts/{id}'),
      // @ts-expect-error another parameter
      api('GET /v1/contacts/{id}', { params: { slug: 'x' } }),
      // @ts-expect-error the version is missing
      api('PATCH /v1/contacts/{id}', { params: { id }, body: { name: 'x' } }),
      // @ts-expect-error a status that does not exist
      api('POST /v1/contacts', { body: { name: 'x', status: 'vip' } }),
      // @ts-expect-error a protected field
      api('PATCH /v1/contacts/{id}', { params: { id }, version: 1, body: { version: 2 } }),
      // @ts-expect-error the name is missing
      api('POST /v1/contacts', { body: {} }),
      // @ts-expect-error an operation that the field does not have
      api('GET /v1/contacts', { query: { 'touched.eq': '2026-01-01' } }),
      // @ts-expect-error a sort that does not exist
      api('GET /v1/companies', { query: { sort: 'touched' } }),
      // @ts-expect-error a body where none is taken
      api('DELETE /v1/contacts/{id}', { params: { id }, version: 1, body: {} }),
      // @ts-expect-error the key is required here
      api('POST /v1/operator/tenants', { body: onboarding }),
    ]);
    assert.equal(calls.filter((call) => call.status === 'rejected').length, 2);
    assert.equal(seen.length, 1 + calls.length - 2);
  });
});
