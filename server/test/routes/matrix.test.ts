import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Permission, permits, type Role, type Route, type RouteKey, roles, routes } from '@businessos/contract';
import { catalogDifference } from '@businessos/tenancy/admin';
import { callRoute } from '../client.ts';
import { type Cell, runMatrix, tableOf } from './matrix.ts';
import { withoutSample } from './samples.ts';
import { openStage } from './stage.ts';

const GOLDEN = new URL('matrix.golden.txt', import.meta.url);
const HEADER = `Who is answered what, at every route of /openapi.json. Each cell was asked over HTTP, with a request that is right but
for who asks. After a change: BOS_UPDATE=1 npm test -- server/test/routes/matrix.test.ts, and read the diff.

other tenant   a good token of another tenant
old sign-in    an owner whose password was shown eleven minutes ago
suspended      an owner's good token, of a tenant that is suspended
revoked key    an API key of every permission, used and then revoked
crm.read key   an API key of that permission alone
full key       an API key of every permission, made by the owner
expired        an owner's token whose time is over; at the host id a browser's sign-in
stale          the token of an owner who was removed since; at the host id a sign-in that was ended
own browser    an owner's session; at the host id his sign-in
sibling page   the same, sent by a page of another tenant's host; only where something would change
operator       the operator's token

-              nobody asks so
401 none       CREDENTIAL_MISSING
401 invalid    CREDENTIAL_INVALID
401 step-up    STEP_UP_NEEDED
403 role       PERMISSION_MISSING
403 suspended  TENANT_SUSPENDED
403 origin     CROSS_ORIGIN
404            NOT_FOUND

`;

const stage = await openStage();
const { server, home } = stage;
const document: unknown = (await home.call('GET /openapi.json')).ok;
const cells = await runMatrix(stage, document);

const answers = (route: string): Record<string, string> =>
  Object.fromEntries(cells.filter((cell) => cell.route === route).map(({ column, answer }: Cell) => [column, answer]));

test('V95 V96 V97 every route answers everybody as the golden file says', (t) => {
  const live = tableOf(cells);
  t.diagnostic(`${cells.filter(({ answer }) => answer !== '-').length} cells over ${live.length - 1} routes`);
  if (process.env['BOS_UPDATE'] === '1') writeFileSync(GOLDEN, `${HEADER}${live.join('\n')}\n`);
  const golden = readFileSync(GOLDEN, 'utf8');
  assert.ok(golden.startsWith(HEADER), 'the legend is another');
  assert.deepEqual(catalogDifference(golden.slice(HEADER.length).trimEnd().split('\n'), live), []);
});

test('a new route without a row fails by name', async () => {
  const copy = structuredClone(document) as { paths: Record<string, Record<string, unknown>> };
  copy.paths['/v1/forgotten/{id}'] = { get: { 'x-permission': 'crm.read' } };
  assert.deepEqual(withoutSample(copy), ['GET /v1/forgotten/{id}']);
  await assert.rejects(runMatrix(stage, copy), /no row in samples\.ts: GET \/v1\/forgotten\/\{id\}$/);
});

test('the golden file cannot be written against the permission table: role by role it says what the table says', () => {
  for (const [key, route] of Object.entries<Route>(routes)) {
    if (route.host !== 'tenant') continue;
    const row = answers(key);
    const good = String(route.ok.status);
    for (const role of roles) assert.equal(row[role], allows(route, role) ? good : '403 role', `${key} as ${role}`);
    assert.equal(row['own browser'], good, key);
    assert.equal(row['old sign-in'], route.fresh ? '401 step-up' : good, key);
    const forKey = route.permission === 'member' || route.permission === 'crm.read';
    assert.equal(row['crm.read key'], forKey ? good : '403 role', key);
    const full = route.permission === 'person' ? '403 role' : route.fresh ? '401 step-up' : good;
    assert.equal(row['full key'], full, key);
  }
});

function allows({ permission }: Route, role: Role): boolean {
  return permission === 'member' || permission === 'person' || permits(role, permission as Permission);
}

test('V95 nobody but the tenant’s own gets anything at its routes, and operators’ routes are for operators', () => {
  for (const [key, { host }] of Object.entries<Route>(routes)) {
    const row = answers(key);
    const unsafe = !key.startsWith('GET ');
    if (host === 'tenant') {
      const expected = ['401 none', '404', '403 suspended', '401 invalid', '401 invalid', '401 invalid', '401 invalid'];
      const outsiders = ['anonymous', 'other tenant', 'suspended', 'revoked key', 'expired', 'stale', 'operator'];
      assert.deepEqual(
        outsiders.map((name) => row[name]),
        expected,
        key,
      );
    }
    if (host === 'operator') {
      const good = Object.entries(row).filter(([, answer]) => answer.startsWith('2'));
      assert.deepEqual(
        good.map(([name]) => name),
        ['operator'],
        key,
      );
    }
    if (unsafe) assert.equal(row['sibling page'], '403 origin', key);
  }
});

/** Routes that come with break-glass: when one appears, its row and its columns are to be written. */
const pending = /break-glass|^\w+ \/v1\/operator\/signin$|^POST \/v1\/signin$/;

test('the rows of operators who enter a tenant wait for their routes', () => {
  const there = (Object.keys(routes) as RouteKey[]).filter((key) => pending.test(key));
  assert.deepEqual(there, [], 'write the rows: an operator without a reason, in time, past the end, ended by an owner');
  for (const key of ['GET /v1/break-glass', 'DELETE /v1/break-glass/{id}', 'POST /v1/operator/break-glass'])
    assert.match(key, pending);
});

test('the matrix changed nothing that later askers need: tenant, owner and other tenant are as they were', async () => {
  for (const tenant of [home, stage.other]) assert.equal((await tenant.call('GET /v1/me')).ok.role, 'owner');
  const host = `id.bos.localhost:${server.port}`;
  assert.equal((await callRoute(server.port, 'GET /.well-known/jwks.json', { host })).status, 200);
});
