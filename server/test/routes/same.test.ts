import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { type RouteKey, routes } from '@businessos/contract';
import { type CallInput, callRoute } from '../client.ts';
import { asTenant, startOn } from '../harness.ts';
import { bare } from './bare.ts';
import { samples } from './samples.ts';
import { addInvitation, addKey, addMember, addRecord, fromNewAddress, newEmail, openStage } from './stage.ts';
import { openTap } from './wire-tap.ts';

const stage = await openStage();
const { server, home, other } = stage;
const { host, port } = server.db.connection('bos_app');
const tap = await openTap({ host, port });
const tapped = await startOn(server.db, { databasePort: tap.port, config: { trustProxy: ['127.0.0.1'] } });
const there = await asTenant(tapped, home, home.marker);
const id = `id.bos.localhost:${server.port}`;

/** A row of another tenant, or at `id` of another person, for each kind of id in a path. */
const foreign: Record<string, () => Promise<string>> = {
  contacts: () => addRecord(stage, other, 'contacts'),
  companies: () => addRecord(stage, other, 'companies'),
  members: async () => (await addMember(stage, other, 'member')).personId,
  invitations: async () => (await addInvitation(stage, other, newEmail())).id,
  'api-keys': async () => (await addKey(stage, other, ['crm.read'])).id,
  logins: async () => (await addMember(stage, other, 'member')).loginId,
};

const withId = (Object.keys(routes) as RouteKey[]).filter((key) => key.includes('{id}'));
const kindOf = (key: RouteKey) => /\/([\w-]+)\/\{id\}/.exec(key)?.[1] ?? '';

/** Asks a route for an id, as an owner, or at `id` as somebody who is signed in there. */
async function ask(key: RouteKey, wanted: string) {
  const member = await addMember(stage, home, 'owner');
  const input = { ...(await samples[key](stage, member)), params: { id: wanted } };
  if (routes[key].host === 'tenant') return await home.call(key, { ...input, token: member.token });
  const headers = [['Cookie', member.login] as const, ['Origin', `http://${id}`] as const];
  return await callRoute(server.port, key, { ...input, host: id, headers });
}

for (const key of withId) {
  test(`V84 another's id and a missing one are answered the same bytes and headers: ${key}`, async () => {
    const make = foreign[kindOf(key)];
    assert.ok(make, `no row for the ids of ${key}`);
    const missing = bare(await ask(key, randomUUID()));
    assert.equal(missing.status, 404);
    assert.deepEqual(bare(await ask(key, await make())), missing);
    for (const odd of ['x', '0', '%27', 'null', '00000000-0000-0000-0000-000000000000'])
      assert.deepEqual(bare(await ask(key, odd)), missing, odd);
  });
}

test('V84 the control: the same ids are found by those whose they are', async () => {
  for (const key of withId.filter((one) => routes[one].host === 'tenant')) {
    const sample = await samples[key](stage, undefined);
    const answer = await other.call(key, { ...sample, params: { id: (await foreign[kindOf(key)]?.()) ?? '' } });
    assert.ok(answer.status < 300, `${key}: ${answer.text}`);
  }
});

test("V84 another tenant's id in a body or a query is answered as a missing one", async () => {
  const [company, person] = [
    await addRecord(stage, other, 'companies'),
    (await addMember(stage, other, 'member')).personId,
  ];
  const asked: [RouteKey, (wanted: string) => CallInput, string][] = [
    ['POST /v1/contacts', (company_id) => ({ body: { name: 'X', company_id } }), company],
    ['PATCH /v1/contacts/{id}', (company_id) => ({ body: { company_id } }), company],
    ['POST /v1/ownership', (one) => ({ body: { person: one } }), person],
    ['GET /v1/contacts', (one) => ({ query: { 'company.eq': one } }), company],
    ['GET /v1/contacts', (one) => ({ query: { 'owner.eq': one } }), person],
  ];
  for (const [key, input, wanted] of asked) {
    const { token } = await addMember(stage, home, 'owner');
    const sample = await samples[key](stage, undefined);
    const call = async (one: string) => bare(await home.call(key, { ...sample, token, ...input(one) }), [one]);
    assert.deepEqual(await call(wanted), await call(randomUUID()), key);
  }
});

/** What a connection runs once, when it is new, and the opening of every scope. */
const HOUSEKEEPING = /^(?:reset all$|select 1 where set_config\()/;

test("V85 another tenant's id costs the database the same statements as a missing one", async () => {
  assert.equal((await there.call('GET /v1/me')).status, 200); // from now on the tenant is known there
  for (const key of withId.filter((one) => routes[one].host === 'tenant')) {
    const input = await samples[key](stage, undefined);
    const work = async (params: { id: string }) => {
      const { statements } = await tap.during(() => there.call(key, { ...input, params }));
      return statements.filter((text) => !HOUSEKEEPING.test(text));
    };
    const missing = await work({ id: randomUUID() });
    assert.ok(missing.length > 0, 'the wire is heard');
    assert.deepEqual(await work({ id: (await foreign[kindOf(key)]?.()) ?? '' }), missing, key);
  }
});

test('V69 V84 a good credential of another tenant is answered at a tenant as at a missing one, whatever it is', async () => {
  const stranger = await addMember(stage, other, 'owner');
  const { key: apiKey } = await addKey(stage, other, ['crm.read']);
  const nobody = `nobody-here.bos.localhost:${server.port}`;
  for (const key of (Object.keys(routes) as RouteKey[]).filter((one) => routes[one].host === 'tenant')) {
    const input = await samples[key](stage, undefined);
    for (const token of [stranger.token, apiKey]) {
      const call = async (at: string) =>
        bare(await callRoute(server.port, key, { ...input, host: at, token, headers: [fromNewAddress()] }));
      const missing = await call(nobody);
      assert.equal(missing.status, 404);
      assert.deepEqual(await call(home.host), missing, key);
    }
  }
});

test('V69 host, header and credential: of the 27 ways to name two tenants and a missing one, only agreement is served', async () => {
  const api = `api.bos.localhost:${server.port}`;
  const names = { home: home.slug, other: other.slug, missing: 'nobody-here' };
  const tokens = { home: home.token, other: other.token, none: null };
  const missing = bare(await home.call('GET /v1/me', { host: `nobody-here.bos.localhost:${server.port}` }));
  for (const [at, hostSlug] of Object.entries({ ...names, api: 'api' })) {
    for (const [named, header] of Object.entries({ ...names, absent: undefined })) {
      for (const [whose, token] of Object.entries(tokens)) {
        const answer = await callRoute(server.port, 'GET /v1/me', {
          host: at === 'api' ? api : `${hostSlug}.bos.localhost:${server.port}`,
          token,
          headers: header === undefined ? [] : [['X-Tenant', header]],
        });
        const said = new Set([at, named, whose].filter((one) => !['api', 'absent', 'none'].includes(one)));
        const about = `host ${at}, header ${named}, token ${whose}`;
        if (said.size > 1 || said.has('missing')) assert.deepEqual(bare(answer), missing, about);
        else if (token === null) assert.equal(answer.problem.code, 'CREDENTIAL_MISSING', about);
        else assert.equal(answer.ok.tenant.slug, names[whose as 'home'], about);
      }
    }
  }
});

test('V69 a session beside a header that names another tenant, or none, is that of a missing tenant too', async () => {
  const { session } = await addMember(stage, home, 'owner');
  const show = async (slug: string, at = home.host) =>
    await home.call('GET /v1/me', {
      host: at,
      token: null,
      headers: [
        ['Cookie', session],
        ['X-Tenant', slug],
      ],
    });
  const missing = bare(
    await home.call('GET /v1/me', { host: `nobody-here.bos.localhost:${server.port}`, token: null }),
  );
  assert.equal((await show(home.slug)).status, 200, 'the control');
  for (const slug of [other.slug, 'nobody-here', '', 'ADMIN', `${home.slug}, ${other.slug}`])
    assert.deepEqual(bare(await show(slug)), missing, slug);
  assert.deepEqual(bare(await show(home.slug, other.host)), missing);
});
