import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Role, type RouteKey, routes } from '@businessos/contract';
import { callRoute } from '../client.ts';
import { asTenant, onboardTenant, startOn } from '../harness.ts';
import { samples } from './samples.ts';
import { addKey, addMember, fromNewAddress, type Member, openStage, PASSWORD, type Stage } from './stage.ts';

const stage = await openStage();
const { server, home, other } = stage;
const second = await startOn(server.db);
const there = await asTenant(second, home, home.marker);
const ofTenants = (Object.keys(routes) as RouteKey[]).filter((key) => routes[key].host === 'tenant');

/** Everything that a colleague holds, each of it used at both servers, so that both remember it. */
async function colleague(role: Role) {
  const member = await addMember(stage, home, role);
  const { key } = await addKey(stage, home, ['crm.read'], { createdBy: member.personId });
  const credentials: Record<string, { token: string | null; headers?: [string, string][] }> = {
    token: { token: member.token },
    session: { token: null, headers: [['Cookie', member.session]] },
    key: { token: key },
  };
  for (const credential of Object.values(credentials)) {
    for (const tenant of [home, there]) assert.equal((await tenant.call('GET /v1/me', credential)).status, 200);
  }
  return { member, credentials };
}

/** What each credential of his is answered, here and at another server that has looked since. */
async function answers(credentials: Awaited<ReturnType<typeof colleague>>['credentials']) {
  await second.platform.people.feed.poll();
  const seen: Record<string, string[]> = {};
  for (const [name, credential] of Object.entries(credentials)) {
    seen[name] = [];
    for (const tenant of [home, there]) {
      const { status, text } = await tenant.call('GET /v1/contacts', credential);
      seen[name]?.push(status < 400 ? String(status) : (JSON.parse(text) as { code: string }).code);
    }
  }
  return seen;
}

const gone = ['CREDENTIAL_INVALID', 'CREDENTIAL_INVALID'];
const good = ['200', '200'];

const ends: Record<string, { act: (one: Member) => Promise<{ status: number }>; expected: Record<string, string[]> }> =
  {
    'was removed': {
      act: ({ personId }) => home.call('DELETE /v1/members/{id}', { params: { id: personId } }),
      expected: { token: gone, session: gone, key: gone },
    },
    'has left': {
      act: ({ token }) => home.call('DELETE /v1/me/membership', { token }),
      expected: { token: gone, session: gone, key: gone },
    },
    'signed out everywhere': {
      act: ({ login }) => asBrowser('POST /v1/me/signout-everywhere', login),
      expected: { token: gone, session: gone, key: good },
    },
    'ended that sign-in': {
      act: ({ login, loginId }) => asBrowser('DELETE /v1/me/logins/{id}', login, { params: { id: loginId } }),
      expected: { token: gone, session: gone, key: good },
    },
    'had another role given': {
      act: ({ personId }) =>
        home.call('PATCH /v1/members/{id}', { params: { id: personId }, body: { role: 'viewer' } }),
      // a token is of the role that it was made in; session and key look the role up
      expected: { token: gone, session: good, key: good },
    },
    'is in a tenant that was suspended and resumed': {
      act: async () => {
        const params = { slug: home.slug };
        await server.operate('POST /v1/operator/tenants/{slug}/suspend', { params });
        return await server.operate('POST /v1/operator/tenants/{slug}/resume', { params });
      },
      expected: { token: good, session: good, key: good },
    },
  };

async function asBrowser(
  key: 'POST /v1/me/signout-everywhere' | 'DELETE /v1/me/logins/{id}',
  cookie: string,
  more = {},
) {
  const host = `id.bos.localhost:${server.port}`;
  const headers = [fromNewAddress(), ['Cookie', cookie] as const, ['Origin', `http://${host}`] as const];
  return await callRoute(server.port, key, { host, headers, ...more });
}

for (const [what, { act, expected }] of Object.entries(ends)) {
  test(`V96 V97 of a colleague who ${what}, both servers serve what is still his and nothing else`, async () => {
    const [{ member, credentials }, neighbour] = [await colleague('member'), await colleague('member')];
    const { status } = await act(member);
    assert.ok(status < 300);
    assert.deepEqual(await answers(credentials), expected);
    assert.deepEqual(
      await answers(neighbour.credentials),
      { token: good, session: good, key: good },
      'and a neighbour',
    );
  });
}

test('V97 a lowered role takes effect on every route at the next request, with the old token refused', async () => {
  const { member, credentials } = await colleague('admin');
  await home.call('PATCH /v1/members/{id}', { params: { id: member.personId }, body: { role: 'viewer' } });
  await second.platform.people.feed.poll();
  for (const key of ofTenants.filter((one) => !['crm.read', 'member', 'person'].includes(routes[one].permission))) {
    const input = await samples[key](stage, member);
    for (const [tenant, own] of [
      [home, `http://${home.host}`],
      [there, `http://${there.host}`],
    ] as const) {
      const { problem } = await tenant.call(key, { ...input, token: member.token });
      assert.equal(problem.code, 'CREDENTIAL_INVALID', key);
      const headers = [...(credentials['session']?.headers ?? []), ['Origin', own] as [string, string]];
      assert.equal(
        (await tenant.call(key, { ...input, token: null, headers })).problem.code,
        'PERMISSION_MISSING',
        key,
      );
    }
  }
});

test('V96 somebody who was removed from one tenant keeps what he has in another', async () => {
  const { member } = await colleague('member');
  const values = [member.personId, other.id, member.email];
  await server.db.admin.query(
    'insert into identity.person_tenants (person_id, tenant_id) values ($1, $2)',
    values.slice(0, 2),
  );
  await server.db.admin.query(
    "insert into identity.memberships (tenant_id, person_id, role, name, email) values ($2, $1, 'admin', 'Somebody', $3)",
    values,
  );
  const body = { grant: 'password', email: member.email, password: PASSWORD, tenant: other.slug };
  const host = `id.bos.localhost:${server.port}`;
  const ask = async (slug: string) =>
    await callRoute(server.port, 'POST /v1/tokens', {
      host,
      body: { ...body, tenant: slug },
      headers: [fromNewAddress()],
    });
  const { access_token } = (await ask(other.slug)).ok;
  await home.call('DELETE /v1/members/{id}', { params: { id: member.personId } });
  assert.equal((await other.call('GET /v1/me', { token: access_token })).ok.role, 'admin');
  assert.equal((await ask(home.slug)).problem.code, 'NOT_FOUND');
  assert.equal((await ask(other.slug)).status, 200);
});

test('V97 while a tenant is suspended nothing of it is served, whatever is shown, and nothing is forgotten with it', async () => {
  const tenant = await onboardTenant(server);
  const one: Stage = { ...stage, home: tenant };
  const member = await addMember(one, tenant, 'owner');
  const { key } = await addKey(one, tenant, ['crm.read']);
  const session = {
    token: null,
    headers: [['Cookie', member.session] as const, ['Origin', `http://${tenant.host}`] as const],
  };
  const params = { slug: tenant.slug };
  assert.equal((await tenant.call('GET /v1/me', session)).status, 200);
  await server.operate('POST /v1/operator/tenants/{slug}/suspend', { params });
  for (const route of ofTenants) {
    const input = await samples[route](stage, member);
    assert.equal((await tenant.call(route, { ...input, token: member.token })).problem.code, 'TENANT_SUSPENDED', route);
    assert.equal((await tenant.call(route, { ...input, token: key })).problem.code, 'NOT_FOUND', route);
    assert.equal((await tenant.call(route, { ...input, ...session })).problem.code, 'NOT_FOUND', route);
  }
  await server.operate('POST /v1/operator/tenants/{slug}/resume', { params });
  for (const credential of [{ token: member.token }, { token: key }, session])
    assert.equal((await tenant.call('GET /v1/me', credential)).status, 200);
});
