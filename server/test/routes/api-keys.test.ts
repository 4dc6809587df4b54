import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { allPermissions, type Permission, type Route, type RouteKey, routes } from '@businessos/contract';
import { newApiKey } from '../../src/identity/api-key.ts';
import { callRoute } from '../client.ts';
import { samples } from './samples.ts';
import { addKey, addMember, openStage } from './stage.ts';

const stage = await openStage();
const { server, home, other } = stage;
const { admin } = server.db;
const ofTenants = (Object.keys(routes) as RouteKey[]).filter((key) => routes[key].host === 'tenant');
const me = async (token: string, from = '203.0.113.7') =>
  await home.call('GET /v1/me', { token, headers: [['X-Forwarded-For', from]] });

test('V100 a key is shown once, kept as a hash, and listed without it; its making and its end stand in the log', async () => {
  const { ok } = await home.call('POST /v1/api-keys', { body: { name: 'Import', permissions: ['crm.read'] } });
  assert.match(ok.key, /^bosk_[0-9a-f]{32}_[A-Za-z0-9]{39}$/);
  assert.equal((await me(ok.key)).ok.principal, `k:${ok.id}`);
  const list = await home.call('GET /v1/api-keys');
  assert.ok(!list.text.includes(ok.key.slice(40)), 'no answer has it again');
  assert.ok(list.ok.items.some(({ id, name }) => id === ok.id && name === 'Import'));
  const { rows } = await admin.query<{ hash: Buffer; line: string }>(
    'select hash, k::text as line from identity.api_keys k where id = $1',
    [ok.id],
  );
  assert.equal(rows[0]?.hash.length, 32);
  assert.ok(!rows[0]?.line.includes(ok.key.slice(40)));
  assert.equal((await home.call('DELETE /v1/api-keys/{id}', { params: { id: ok.id } })).status, 204);
  const log = await admin.query<{ relation: string; body: string }>(
    'select relation, body from audit.entries where tenant_id = $1 and key = $2 order by id',
    [home.id, ok.id],
  );
  assert.deepEqual(
    log.rows.map(({ relation }) => relation),
    ['key.made', 'key.revoked'],
  );
  assert.ok(log.rows.every(({ body }) => !body.includes('bosk_')));
});

test('V100 each permission of a key opens the routes that ask for it, and no other route', async () => {
  for (const permission of allPermissions) {
    const { key } = await addKey(stage, home, [permission]);
    for (const route of ofTenants) {
      const { permission: asked, fresh }: Route = routes[route];
      const { status, text } = await home.call(route, { ...(await samples[route](stage, undefined)), token: key });
      const about = `${permission} at ${route}: ${text}`;
      if (asked === 'member') assert.equal(status, routes[route].ok.status, about);
      else if (asked !== permission) assert.equal(status, 403, about);
      else if (fresh) assert.ok(text.includes('STEP_UP_NEEDED'), about);
      // to give or take a role is to hold all of its permissions
      else if (permission === 'members.manage' && !route.startsWith('GET') && !route.includes('/invitations/'))
        assert.equal(status, 403, about);
      else assert.equal(status, routes[route].ok.status, about);
    }
  }
});

test('V100 nobody makes a key of more than he may, nor with a key', async () => {
  const { token } = await addMember(stage, home, 'admin');
  const make = (permissions: Permission[], by: string) =>
    home.call('POST /v1/api-keys', { token: by, body: { name: 'More', permissions } });
  for (const permission of ['tenant.erase', 'tenant.transfer', 'billing.manage', 'break_glass.end'] as const)
    assert.equal((await make(['crm.read', permission], token)).problem.code, 'PERMISSION_MISSING');
  assert.equal((await make(['crm.read', 'members.manage'], token)).status, 201);
  const { key } = await addKey(stage, home, [...allPermissions]);
  assert.equal((await make(['crm.read'], key)).problem.code, 'STEP_UP_NEEDED');
});

test('V100 a key serves the addresses that it is bound to, one that is over or unknown serves nobody', async () => {
  const bound = await addKey(stage, home, ['crm.read'], { addresses: ['203.0.113.7', '198.51.100.0/24'] });
  for (const [from, status] of [
    ['203.0.113.7', 200],
    ['198.51.100.255', 200],
    ['203.0.113.8', 401],
    ['198.51.101.0', 401],
    ['2001:db8::1', 401],
    ['::ffff:203.0.113.7', 200],
  ] as const)
    assert.equal((await me(bound.key, from)).status, status, from);
  const soon = new Date(Date.now() + 1_500);
  const brief = await addKey(stage, home, ['crm.read'], { expiresAt: soon.toISOString() });
  const late = await addKey(stage, home, ['crm.read'], { expiresAt: soon.toISOString() });
  assert.equal((await me(brief.key)).status, 200);
  await sleep(soon.getTime() - Date.now() + 50);
  for (const { key } of [brief, late])
    assert.equal((await me(key)).problem.code, 'CREDENTIAL_INVALID', 'remembered or not');
  for (const token of [
    newApiKey(home.id),
    newApiKey(other.id),
    `${bound.key}A`,
    bound.key.slice(0, -1),
    bound.key.toUpperCase(),
  ])
    assert.equal((await me(token)).problem.code, 'CREDENTIAL_INVALID', token);
});

test('V100 a key of one tenant names its tenant in clear, and another name in it finds nothing', async () => {
  const { key } = await addKey(stage, home, ['crm.read']);
  assert.equal((await other.call('GET /v1/me', { token: key })).problem.code, 'NOT_FOUND');
  const renamed = newApiKey(other.id).slice(0, 38) + key.slice(38);
  for (const tenant of [home, other])
    assert.equal((await tenant.call('GET /v1/me', { token: renamed })).problem.code, 'CREDENTIAL_INVALID');
  const api = { host: `api.bos.localhost:${server.port}`, token: key };
  assert.equal((await callRoute(server.port, 'GET /v1/me', api)).ok.tenant.id, home.id);
});

test('V100 a key dies with its maker’s membership, and is cut with his role', async () => {
  const maker = await addMember(stage, home, 'owner');
  const { key } = await addKey(stage, home, [...allPermissions], { createdBy: maker.personId });
  const may = async () => (await me(key)).ok.permissions;
  assert.deepEqual(await may(), [...allPermissions]);
  for (const role of ['admin', 'member', 'viewer'] as const) {
    await home.call('PATCH /v1/members/{id}', { params: { id: maker.personId }, body: { role } });
    const expected = (await home.call('GET /v1/me', { token: home.tokenFor(role) })).ok.permissions;
    assert.deepEqual(await may(), expected, role);
  }
  const write = { token: key, body: { name: 'X' } };
  assert.equal((await home.call('POST /v1/companies', write)).problem.code, 'PERMISSION_MISSING');
  await home.call('PATCH /v1/members/{id}', { params: { id: maker.personId }, body: { role: 'member' } });
  assert.equal((await home.call('POST /v1/companies', write)).status, 201, 'and is whole again with it');
  assert.equal((await home.call('DELETE /v1/members/{id}', { params: { id: maker.personId } })).status, 204);
  assert.equal((await me(key)).problem.code, 'CREDENTIAL_INVALID');
  const rows = await admin.query('select 1 from identity.api_keys where created_by = $1', [maker.personId]);
  assert.equal(rows.rowCount, 0);
});

test('V100 a key is no person: it leaves no tenant, has no role, and opens nothing at id and operator', async () => {
  const { id, key } = await addKey(stage, home, [...allPermissions]);
  const { principal, role } = (await me(key)).ok;
  assert.deepEqual([principal, role], [`k:${id}`, null]);
  assert.equal((await home.call('DELETE /v1/me/membership', { token: key })).problem.code, 'PERMISSION_MISSING');
  const at = (label: string) => ({ host: `${label}.bos.localhost:${server.port}`, token: key });
  const atId = await callRoute(server.port, 'GET /v1/me/logins', at('id'));
  assert.equal(atId.problem.code, 'CREDENTIAL_MISSING');
  const atOperator = await callRoute(server.port, 'GET /v1/operator/tenants', at('operator'));
  assert.equal(atOperator.problem.code, 'CREDENTIAL_INVALID');
});
