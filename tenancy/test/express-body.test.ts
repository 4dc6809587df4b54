import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { json, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { after, test } from 'node:test';
import express, { type ErrorRequestHandler } from 'express';
import { createResolver, createTokenVerifier, signToken, tenantScope } from '../src/express.ts';
import { findScope, sql } from '../src/index.ts';
import { openStage } from './stage.ts';

const db = await openStage();
const [a, b] = db.tenants;
const tenancy = await db.tenancy({ connections: 3, multiplexed: 1 });
const key = { kid: 'k1', key: generateKeyPairSync('ed25519').privateKey };
const known = [
  { id: a, slug: 'acme', mode: 'open' },
  { id: b, slug: 'globex', mode: 'open' },
];
const findTenant = (by: { slug: string } | { id: string }) =>
  known.find((one) => ('slug' in by ? one.slug === by.slug : one.id === by.id));
const verify = createTokenVerifier({ keys: [key], issuer: 'https://id.example.com', audience: 'shop' });

const app = express();
app.use(tenantScope(tenancy, createResolver({ verify, findTenant }), { baseDomain: 'example.com' }));
app.use(express.json()); // reads the body after the scope was set
app.post('/notes', async (request, response) => {
  const { rows } = await tenancy.query(
    sql`insert into shop.notes (body) values (${request.body.body}) returning tenant_id`,
  );
  response.json(rows[0]);
});
app.get('/notes', async (_, response) => {
  const { rows } = await tenancy.query(sql('notes')`select distinct tenant_id from shop.notes`);
  response.json(rows);
});
app.get('/export', async (_, response) => {
  const rows = tenancy.stream(
    sql`select tenant_id, repeat('x', 500) as fill from (select tenant_id from shop.notes limit 1) n, generate_series(1, 20000)`,
  );
  await pipeline(
    Readable.from(rows).map((row) => `${row.tenant_id}\n`),
    response,
  );
});
const onError: ErrorRequestHandler = (error, _request, response, _next) => {
  if (response.headersSent) response.destroy();
  else response.status(500).json(error);
};
app.use(onError);
const server = app.listen(0);
await once(server, 'listening');
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
after(() => {
  agent.destroy();
  server.close();
});

const now = Math.floor(Date.now() / 1000);
const token = (tenant: string) =>
  signToken(key, {
    iss: 'https://id.example.com',
    aud: 'shop',
    sub: '00000000-0000-4000-8000-0000000000aa',
    tid: tenant,
    iat: now,
    exp: now + 60,
  });
const tokens = { [a]: token(a), [b]: token(b) };

async function ask(tenant: string, method: string, path: string, body?: unknown) {
  const request = send({
    agent,
    method,
    path,
    port: (server.address() as AddressInfo).port,
    headers: { host: 'example.com', authorization: `Bearer ${tokens[tenant]}`, 'content-type': 'application/json' },
  });
  request.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = await once(request, 'response');
  return response;
}

test('the scope holds behind a body that is read after it, on connections that tenants share', async () => {
  await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      const tenant = i % 2 ? a : b;
      const write = i % 4 < 2;
      const response = await ask(
        tenant,
        write ? 'POST' : 'GET',
        '/notes',
        write ? { body: db.marker(tenant) } : undefined,
      );
      assert.equal(response.statusCode, 200);
      const answer = await json(response);
      assert.deepEqual(answer, write ? { tenant_id: tenant } : [{ tenant_id: tenant }]);
    }),
  );
  const foreign = await db.admin.query("select 1 from shop.notes where body <> 'canary-' || tenant_id");
  assert.equal(foreign.rowCount, 0);
  assert.equal(findScope(), undefined);
});

test('a stream piped to a slow client stays with its tenant, and one that hangs up gives its connection back', async () => {
  const slow = await ask(a, 'GET', '/export');
  const quick = await ask(b, 'GET', '/export');
  slow.pause();
  const theirs = new Set((await text(quick)).trim().split('\n'));
  const mine = new Set((await text(slow)).trim().split('\n'));
  assert.deepEqual([[...mine], [...theirs]], [[a], [b]]);
  const gone = await ask(a, 'GET', '/export');
  await once(gone, 'data');
  gone.destroy();
  for (let i = 0; i < 500 && tenancy.counters().leased > 0; i++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(tenancy.counters().leased, 0);
});
