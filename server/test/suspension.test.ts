import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peopleRoutes, type RouteKey, routes } from '@businessos/contract';
import type { CallInput } from './client.ts';
import { asTenant, onboardTenant, startOn, startTestServer, type TestTenant } from './harness.ts';

const server = await startTestServer();
const other = await startOn(server.db);
const tenantRoutes = (Object.keys(routes) as RouteKey[]).filter((key) => routes[key].host === 'tenant');
const api = `api.bos.localhost:${server.port}`;

async function change(tenant: TestTenant, act: 'suspend' | 'resume', by = server) {
  return await by.operate(`POST /v1/operator/tenants/{slug}/${act}`, { params: { slug: tenant.slug } });
}

/** Writes of people need bodies and rows of their own: the route matrix sends those. */
const isPeoples = (route: RouteKey) => route in peopleRoutes;

/** A tenant whose routes all answer, so that every cache knows it. */
async function warm(): Promise<{ tenant: TestTenant; calls: [RouteKey, CallInput][] }> {
  const tenant = await onboardTenant(server);
  const contact = (await tenant.call('POST /v1/contacts', { body: { name: 'Warm' } })).ok.id;
  const company = (await tenant.call('POST /v1/companies', { body: { name: 'Warm' } })).ok.id;
  const calls = tenantRoutes.map((route): [RouteKey, CallInput] => {
    const version = 'version' in routes[route] ? { version: 1 } : {};
    const body = 'body' in routes[route] ? { body: { name: 'Not written' } } : {};
    return [route, { params: { id: route.includes('contacts') ? contact : company }, ...version, ...body }];
  });
  for (const [route, input] of calls)
    if (route.startsWith('GET')) assert.equal((await tenant.call(route, input)).status, 200);
  assert.equal((await tenant.call('GET /v1/tenant', { host: api })).status, 200);
  return { tenant, calls };
}

test('a suspended tenant is told so with its own valid token on every route, and is a missing one to anybody else', async () => {
  const { tenant, calls } = await warm();
  const stranger = await onboardTenant(server);
  assert.equal((await change(tenant, 'suspend')).ok.mode, 'suspended');
  for (const [route, input] of calls) {
    for (const where of [{}, { host: api }]) {
      assert.equal((await tenant.call(route, { ...input, ...where })).problem.code, 'TENANT_SUSPENDED', route);
    }
    for (const token of [null, 'x.y.z', stranger.token, `${tenant.token.slice(0, -4)}AAAA`]) {
      assert.equal((await tenant.call(route, { ...input, token })).problem.code, 'NOT_FOUND', route);
    }
  }
  assert.equal((await change(tenant, 'suspend')).ok.mode, 'suspended', 'again is the same');
  assert.equal((await change(tenant, 'resume')).ok.mode, 'open');
  assert.equal((await change(tenant, 'resume')).ok.mode, 'open');
  for (const [route, input] of calls) {
    const expected = routes[route].ok.status;
    const got = (await tenant.call(route, input)).status;
    assert.ok(got === expected || got === 412 || (isPeoples(route) && got !== 403), `${route}: ${got}`);
  }
});

test('a suspension by one server is obeyed by another whose caches still say open, on every route', async () => {
  const { tenant, calls } = await warm();
  const there = await asTenant(other, { id: tenant.id, slug: tenant.slug }, tenant.marker);
  for (const [route, input] of calls)
    if (route.startsWith('GET')) assert.equal((await there.call(route, input)).status, 200);
  await change(tenant, 'suspend');
  for (const [route, input] of calls.filter(([one]) => one.startsWith('GET') || !isPeoples(one)))
    assert.equal((await there.call(route, input)).problem.code, 'TENANT_SUSPENDED', route);
  await change(tenant, 'resume');
  await other.platform.people.feed.poll(); // as it does by itself every second
  for (const [route, input] of calls)
    if (route.startsWith('GET')) assert.equal((await there.call(route, input)).status, 200);
});

test('a suspension takes effect at once in the middle of requests, and so does its end', async () => {
  const { tenant } = await warm();
  for (let round = 0; round < 15; round++) {
    let stop = false;
    const load = Array.from({ length: 6 }, async (_, n) => {
      while (!stop) await tenant.call(n % 2 === 0 ? 'GET /v1/tenant' : 'GET /v1/contacts', n < 3 ? {} : { host: api });
    });
    await change(tenant, 'suspend');
    const during = await Promise.all([
      tenant.call('GET /v1/tenant'),
      tenant.call('POST /v1/companies', { body: { name: 'x' } }),
      tenant.call('GET /v1/tenant', { host: api }),
      tenant.call('GET /v1/contacts'),
    ]);
    for (const { problem } of during) assert.equal(problem.code, 'TENANT_SUSPENDED');
    assert.equal((await tenant.call('GET /v1/tenant', { token: null })).problem.code, 'NOT_FOUND');
    await change(tenant, 'resume');
    const after = await Promise.all([
      tenant.call('GET /v1/tenant'),
      tenant.call('GET /v1/tenant', { host: api }),
      tenant.call('GET /v1/contacts'),
    ]);
    for (const answer of after) assert.equal(answer.status, 200);
    assert.equal((await tenant.call('GET /v1/tenant', { token: null })).problem.code, 'CREDENTIAL_MISSING');
    stop = true;
    await Promise.all(load);
  }
});

test('a suspension changes nothing of a neighbour', async () => {
  const [{ tenant }, neighbour] = [await warm(), await onboardTenant(server)];
  await change(tenant, 'suspend');
  assert.equal((await neighbour.call('GET /v1/contacts')).status, 200);
  assert.equal((await neighbour.call('POST /v1/contacts', { body: { name: 'Works' } })).status, 201);
});

test('a read-only tenant reads, and is told so when it writes, also where caches still say open', async () => {
  const { tenant, calls } = await warm();
  await server.db.admin.query("update tenancy.homes set mode = 'read_only' where tenant_id = $1", [tenant.id]);
  for (const known of [true, false]) {
    if (!known) server.platform.tenants.forget(tenant.id, tenant.slug);
    for (const [route, input] of calls.filter(([one]) => one.startsWith('GET') || !isPeoples(one))) {
      const answer = await tenant.call(route, input);
      if (route.startsWith('GET')) assert.equal(answer.status, 200, route);
      else assert.equal(answer.problem.code, 'TENANT_READ_ONLY', route);
    }
  }
});

test('only open and read-only tenants are suspended, only suspended ones resumed; others answer 409 or 404', async () => {
  const { tenant } = await warm();
  for (const mode of ['provisioning', 'deleting', 'erasing']) {
    await server.db.admin.query('update tenancy.homes set mode = $2 where tenant_id = $1', [tenant.id, mode]);
    server.platform.tenants.forget(tenant.id, tenant.slug);
    for (const act of ['suspend', 'resume'] as const) {
      const { problem } = await change(tenant, act);
      assert.deepEqual([problem.code, problem.errors?.[0]?.field], ['CONFLICT', 'mode']);
    }
    if (mode === 'deleting') continue; // its grace period: still readable
    assert.equal((await tenant.call('GET /v1/contacts')).problem.code, 'NOT_FOUND');
    assert.equal((await tenant.call('GET /v1/contacts', { token: null })).problem.code, 'NOT_FOUND');
  }
  for (const slug of ['nobody-here', 'Admin']) {
    assert.equal(
      (await server.operate('POST /v1/operator/tenants/{slug}/suspend', { params: { slug } })).problem.code,
      'NOT_FOUND',
    );
  }
});
