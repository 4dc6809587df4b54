import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { routes } from '@businessos/contract';
import { exchange, sendBytes } from './client.ts';
import { countRows, onboardTenant, startTestServer } from './harness.ts';

const server = await startTestServer();
const [a, b] = [await onboardTenant(server), await onboardTenant(server)];
const { port } = server;

function ask(method: string, target: string, more: readonly (readonly [string, string])[] = []) {
  const headers = [['Host', a.host], ['Authorization', `Bearer ${a.token}`], ...more] as const;
  return exchange(port, { method, target, headers });
}

/** The head of a request of a tenant, as bytes. */
function head(line: string, tenant = a, ...more: string[]): string {
  return [`${line} HTTP/1.1`, `Host: ${tenant.host}`, `Authorization: Bearer ${tenant.token}`, ...more, '', ''].join(
    '\r\n',
  );
}

/** A whole request with a body. */
function withBody(top: string, body: string): string {
  return `${top}${body}`;
}

/** Splits what came back on one connection into answers. */
function answersOf(text: string): { status: number; body: string }[] {
  const answers = [];
  for (let rest = text; rest !== ''; ) {
    const at = rest.indexOf('\r\n\r\n');
    const length = Number(/\r\nContent-Length: (\d+)/i.exec(rest.slice(0, at))?.[1] ?? 0);
    answers.push({ status: Number(rest.slice(9, 12)), body: rest.slice(at + 4, at + 4 + length) });
    rest = rest.slice(at + 4 + length);
  }
  return answers;
}

test('a path that the contract does not have is answered 404 alike, whoever asks', async () => {
  const paths = [
    '/v1',
    '/v1/',
    '/v1/contact',
    '/v1/contacts/',
    '/v1/contacts/x/y',
    '/V1/contacts',
    '/v1/Contacts',
    '/v1/contacts;x=1',
    '/v1/contacts%20',
    '/v2/contacts',
    '/.env',
    '/admin',
    '/openapi.json/',
    '/HEALTHZ',
    '/problems/not-found',
    '/v1/operator/tenants/',
    '/favicon.ico',
  ];
  for (const path of paths) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      const answer = await ask(method, path);
      assert.equal(answer.status, 404, `${method} ${path}`);
      if (method !== 'HEAD') assert.equal(answer.problem.code, 'NOT_FOUND');
    }
  }
});

test('a method that an address does not take is answered 405 with those that it takes', async () => {
  const byPath = new Map<string, string[]>();
  for (const key of Object.keys(routes)) {
    const [method = '', path = ''] = key.split(' ');
    byPath.set(path, [...(byPath.get(path) ?? []), method]);
  }
  // an address with a name in it is also one with an id in it
  byPath.delete('/v1/invitations/accept');
  const before = await countRows(server);
  for (const [path, taken] of byPath) {
    const allowed = [...taken, ...(taken.includes('GET') ? ['HEAD'] : [])];
    for (const method of [
      'GET',
      'HEAD',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'OPTIONS',
      'TRACE',
      'PROPFIND',
      'QUERY',
      'PURGE',
    ]) {
      if (allowed.includes(method)) continue;
      const answer = await ask(method, path.replace('{id}', a.id).replace('{slug}', a.slug));
      assert.equal(answer.status, 405, `${method} ${path}`);
      assert.deepEqual(String(answer.headers['allow']).split(', ').sort(), allowed.toSorted());
    }
  }
  assert.deepEqual(await countRows(server), before);
});

test('a method that HTTP does not know, and bytes that are no HTTP, are answered 400 and the connection ends', async () => {
  const host = `Host: ${a.host}\r\n`;
  const requests = [
    `FETCH /v1/contacts HTTP/1.1\r\n${host}\r\n`,
    `get /v1/contacts HTTP/1.1\r\n${host}\r\n`,
    `GET /v1/contacts HTTP/9.9\r\n${host}\r\n`,
    `GET /v1/ contacts HTTP/1.1\r\n${host}\r\n`,
    `GET /v1/contacts HTTP/1.1\r\n${host}X Y: 1\r\n\r\n`,
    `GET /v1/contacts HTTP/1.1\r\nHost : ${a.host}\r\n\r\n`,
    `GET /v1/contacts HTTP/1.1\r\n${host}X: a\0b\r\n\r\n`,
    `GET /v1/contacts HTTP/1.1\r\n${host}X: ${'x'.repeat(20_000)}\r\n\r\n`,
    `GET /v1/contacts HTTP/1.1\r\n${Array.from({ length: 900 }, (_, n) => `X-Header-Number-${n}: 1\r\n`).join('')}${host}\r\n`,
    `POST /v1/contacts HTTP/1.1\r\n${host}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}`,
    `POST /v1/contacts HTTP/1.1\r\n${host}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} `,
    `POST /v1/contacts HTTP/1.1\r\n${host}Content-Length: -1\r\n\r\n`,
    `POST /v1/contacts HTTP/1.1\r\n${host}Content-Length: 1e3\r\n\r\n`,
    `POST /v1/contacts HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\0\0\0\0',
  ];
  const before = await countRows(server);
  for (const bytes of requests) {
    const text = await sendBytes(port, Buffer.from(bytes, 'latin1'));
    const [answer, ...more] = answersOf(text);
    assert.equal(answer?.status, 400, bytes.slice(0, 100));
    assert.equal(more.length, 0);
    const problem = JSON.parse(answer.body) as { code: string; errors?: { field: string; fix: string }[] };
    assert.match(problem.code, /^(REQUEST_INVALID|HOST_INVALID)$/);
    for (const header of [
      'Cache-Control: private, no-store',
      'Connection: close',
      'X-Content-Type-Options: nosniff',
      'Content-Type: application/problem+json; charset=utf-8',
    ]) {
      assert.ok(text.includes(`\r\n${header}\r\n`), `${header} in ${text}`);
    }
  }
  assert.deepEqual(await countRows(server), before);
});

test('a body whose chunks break is answered 400, and nothing of it is written', async () => {
  const before = await countRows(server);
  for (const body of ['zz\r\n{}\r\n0\r\n\r\n', '2\r\n{}0\r\n\r\n', 'ffffffffffffffffff\r\n', '1;x\0\r\n{\r\n']) {
    const text = await sendBytes(
      port,
      head('POST /v1/companies', a, 'Content-Type: application/json', 'Transfer-Encoding: chunked') + body,
    );
    assert.deepEqual(
      answersOf(text).map(({ status }) => status),
      [400],
      body,
    );
  }
  assert.deepEqual(await countRows(server), before);
});

test('V59: requests that two tenants send down one connection at once are answered in order, each with its own', async () => {
  const lines = Array.from({ length: 40 }, (_, n) => {
    const tenant = n % 2 === 0 ? a : b;
    if (n % 5 === 0)
      return withBody(
        head('POST /v1/companies', tenant, 'Content-Type: application/json', 'Content-Length: 16'),
        '{"name":"Piped"}',
      );
    return head(n % 3 === 0 ? 'GET /v1/contacts' : 'GET /v1/tenant', tenant);
  });
  const text = await sendBytes(port, lines.join('') + head('GET /v1/tenant', a, 'Connection: close'));
  const answers = answersOf(text);
  assert.equal(answers.length, 41);
  for (const [n, { status, body }] of answers.entries()) {
    const own = n % 2 === 0 ? a : b;
    assert.equal(status, n < 40 && n % 5 === 0 ? 201 : 200, `${n}: ${body}`);
    assert.ok(!body.includes((own === a ? b : a).marker));
    if (status === 200) assert.ok(body.includes(own.marker));
  }
});

test('garbage behind a good request does not replace its answer', async () => {
  const text = await sendBytes(port, `${head('GET /v1/tenant')}GARBAGE\r\n\r\n`);
  const statuses = answersOf(text).map(({ status }) => status);
  assert.ok(['', '200', '200,400'].includes(statuses.join()), statuses.join());
});

test('a request in a body is never taken for a request', async () => {
  const inner = head('DELETE /v1/companies/x', a);
  const text = await sendBytes(
    port,
    head(
      'POST /v1/companies',
      a,
      'Content-Type: application/json',
      `Content-Length: ${inner.length}`,
      'Connection: close',
    ) + inner,
  );
  assert.deepEqual(
    answersOf(text).map(({ status }) => status),
    [400],
  );
});

test('a client that leaves in the middle of its body writes nothing and disturbs nobody', async () => {
  const before = await countRows(server);
  const starts = [
    withBody(head('POST /v1/companies', a, 'Content-Type: application/json', 'Content-Length: 500'), '{"name":"Half'),
    withBody(
      head('POST /v1/companies', a, 'Content-Type: application/json', 'Transfer-Encoding: chunked'),
      'd\r\n{"name":"Half\r\n',
    ),
    head('POST /v1/companies', a, 'Content-Type: application/json', 'Content-Length: 500'),
    head('POST /v1/companies', a).slice(0, -20),
  ];
  for (let round = 0; round < 5; round++) {
    await Promise.all(
      starts.map(
        (bytes) =>
          new Promise<void>((resolve, reject) => {
            const socket = connect(port, '127.0.0.1', () => {
              socket.write(bytes, () =>
                setTimeout(() => (round % 2 === 0 ? socket.resetAndDestroy() : socket.destroy()), round * 3),
              );
            });
            socket.on('error', reject);
            socket.on('close', () => resolve());
          }),
      ),
    );
  }
  assert.equal((await ask('GET', '/v1/tenant')).status, 200);
  assert.deepEqual(await countRows(server), before);
  const { leased, waiting, multiplexedInFlight } = server.platform.tenancy.counters();
  assert.deepEqual({ leased, waiting, multiplexedInFlight }, { leased: 0, waiting: 0, multiplexedInFlight: 0 });
});

test('a request that expects or offers something else is answered as if it did not', async () => {
  for (const header of [
    ['Expect', '100-continue'],
    ['Expect', 'miracles'],
    ['Upgrade', 'h2c'],
    ['TE', 'trailers'],
    ['Range', 'bytes=0-1'],
    ['Accept', 'text/html'],
    ['Accept-Encoding', 'gzip'],
  ] as const) {
    const more = header[0] === 'Upgrade' ? [header, ['Connection', 'Upgrade'] as const] : [header];
    assert.equal((await ask('GET', '/v1/tenant', more)).status, 200, header.join(': '));
  }
});

test('V77: no origin is let in by CORS, and a preflight is no success', async () => {
  const origin = [
    ['Origin', `http://${b.host}`],
    ['Access-Control-Request-Method', 'POST'],
  ] as const;
  assert.equal((await ask('OPTIONS', '/v1/contacts', origin)).status, 405);
  const answer = await ask('GET', '/v1/contacts', origin);
  assert.ok(!answer.rawHeaders.some((name) => /^access-control/i.test(name)));
});
