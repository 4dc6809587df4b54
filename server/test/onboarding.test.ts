import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { reservedSlugs } from '@businessos/contract';
import { asTenant, countRows, newMarker, onboardingOf, onboardTenant, startTestServer } from './harness.ts';

const server = await startTestServer();
const first = await onboardTenant(server);
const { admin } = server.db;
const route = 'POST /v1/operator/tenants';

test('one call makes tenant, home, placement, owner and first records, and the owner can work at once', async () => {
  const before = await countRows(server);
  const marker = newMarker();
  const body = {
    ...onboardingOf(marker, 'enterprise'),
    config: {
      providers: [{ name: 'main', kind: 'mistral', model: 'large' }],
      locale: 'de-AT',
      time_zone: 'Europe/Vienna',
      factor_required: false,
    },
  };
  const made = (await server.operate(route, { body, key: randomUUID() })).ok;
  const { created_at: _, id, ...rest } = made;
  assert.deepEqual(rest, {
    slug: body.slug,
    name: body.name,
    region: 'eu',
    plan: 'enterprise',
    mode: 'open',
    config: body.config,
  });
  const now = await countRows(server);
  const grown = Object.fromEntries(Object.entries(now).map(([name, count]) => [name, count - (before[name] ?? 0)]));
  assert.deepEqual(grown, {
    'crm.companies': 1,
    'crm.contacts': 1,
    'server.idempotency': 0,
    'identity.persons': 1,
    'identity.person_tenants': 1,
    'identity.memberships': 1,
    'tenancy.homes': 1,
    'directory.placements': 1,
    'control.tenants': 1,
    'control.onboardings': 1,
  });
  const tenant = await asTenant(server, made, marker);
  assert.deepEqual((await tenant.call('GET /v1/tenant')).ok, made);
  const [contact] = (await tenant.call('GET /v1/contacts')).ok.items;
  const [company] = (await tenant.call('GET /v1/companies')).ok.items;
  assert.deepEqual(
    [contact?.email, contact?.owner, contact?.company_id, company?.name],
    [body.owner.email, tenant.ownerId, company?.id, body.name],
  );
  const { rows } = await admin.query('select role, email, name from identity.memberships where tenant_id = $1', [id]);
  assert.deepEqual(rows, [{ role: 'owner', email: body.owner.email, name: body.owner.name }]);
  const { rows: kept } = await admin.query(
    'select request, done_at is not null as done from control.onboardings where tenant_id = $1',
    [id],
  );
  assert.deepEqual(kept, [{ request: null, done: true }], 'what was kept for a crash names nobody any more');
});

test('the same key and body make one tenant, whenever and however often they are sent', async () => {
  const body = onboardingOf(newMarker());
  const key = randomUUID();
  const made = (await server.operate(route, { body, key })).ok;
  const before = await countRows(server);
  assert.deepEqual((await server.operate(route, { body, key })).ok, made);
  assert.deepEqual(await countRows(server), before);
  const other = await server.operate(route, { body: { ...body, name: 'Other' }, key });
  assert.equal(other.problem.code, 'KEY_REUSED');
  assert.deepEqual(await countRows(server), before);
});

test('20 calls at once with one key make one tenant and are answered alike', async () => {
  for (let round = 0; round < 4; round++) {
    const body = onboardingOf(newMarker());
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.operate(route, { body, key })));
    for (const answer of answers) assert.deepEqual(answer.ok, answers[0]?.ok);
    const { rows } = await admin.query(
      `select (select count(*)::int from crm.companies where tenant_id = $1) as companies, (select count(*)::int from crm.contacts where tenant_id = $1) as contacts,
        (select count(*)::int from identity.memberships where tenant_id = $1) as members`,
      [answers[0]?.ok.id],
    );
    assert.deepEqual(rows, [{ companies: 1, contacts: 1, members: 1 }]);
  }
});

test('of calls at once with one slug and keys of their own one wins, and nothing of the others is left', async () => {
  const slug = `t-${newMarker()}`;
  const before = await countRows(server);
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, n) =>
      server.operate(route, { body: { ...onboardingOf(`w${n}${newMarker()}`), slug }, key: randomUUID() }),
    ),
  );
  const [won, ...more] = answers.filter(({ status }) => status === 201);
  assert.deepEqual([won?.ok.slug, more.length], [slug, 0]);
  for (const lost of answers.filter((one) => one !== won)) {
    assert.deepEqual([lost.problem.code, lost.problem.errors?.[0]?.field], ['SLUG_TAKEN', 'slug']);
  }
  const after = await countRows(server);
  for (const table of Object.keys(before).filter((name) => name !== 'server.idempotency')) {
    assert.equal(after[table], (before[table] ?? 0) + 1, table);
  }
});

test('a person who is known already becomes the owner of a second tenant, with the same id', async () => {
  const owner = { email: `owner-${first.marker}@mail.example`, name: 'Another spelling' };
  const body = { ...onboardingOf(newMarker()), owner };
  const made = (await server.operate(route, { body, key: randomUUID() })).ok;
  const tenant = await asTenant(server, made, 'none');
  assert.equal(tenant.ownerId, first.ownerId);
  const capitals = { ...onboardingOf(newMarker()), owner: { ...owner, email: owner.email.toUpperCase() } };
  const third = await asTenant(server, (await server.operate(route, { body: capitals, key: randomUUID() })).ok, 'none');
  assert.equal(third.ownerId, first.ownerId);
});

test('tenants made at once for one person share that person', async () => {
  const owner = { email: `many-${newMarker()}@mail.example`, name: 'Many' };
  const answers = await Promise.all(
    Array.from({ length: 6 }, () =>
      server.operate(route, { body: { ...onboardingOf(newMarker()), owner }, key: randomUUID() }),
    ),
  );
  const ids = answers.map(({ ok }) => ok.id);
  const { rows } = await admin.query('select distinct person_id from identity.memberships where tenant_id = any($1)', [
    ids,
  ]);
  assert.equal(rows.length, 1);
});

test('a slug that is taken, reserved or no slug, and a region without a cluster, is refused by name and leaves nothing', async () => {
  const before = await countRows(server);
  const refused = async (change: object, code: string, field: string) => {
    const { problem } = await server.operate(route, {
      body: { ...onboardingOf(newMarker()), ...change },
      key: randomUUID(),
    });
    assert.deepEqual([problem.code, problem.errors?.[0]?.field], [code, field], JSON.stringify(change));
  };
  await refused({ slug: first.slug }, 'SLUG_TAKEN', 'slug');
  for (const slug of [
    ...reservedSlugs,
    'ab',
    'a'.repeat(41),
    'Acme',
    'a b',
    '-a',
    'a-',
    'a--b',
    '1abc',
    'xn--abc',
    'bücher',
    'a_b',
    'a.b',
    '',
    ' acme',
    "a';--",
  ]) {
    await refused({ slug }, 'SLUG_REFUSED', 'slug');
  }
  await refused({ slug: 'x'.repeat(201) }, 'REQUEST_INVALID', 'slug');
  await refused({ region: 'mars' }, 'VALUE_REFUSED', 'region');
  await refused({ region: 'EU' }, 'REQUEST_INVALID', 'region');
  await refused({ plan: 'gold' }, 'REQUEST_INVALID', 'plan');
  await refused({ mode: 'open' }, 'REQUEST_INVALID', 'mode');
  await refused({ id: randomUUID() }, 'REQUEST_INVALID', 'id');
  await refused({ owner: { email: 'x', name: 'X' } }, 'REQUEST_INVALID', 'owner.email');
  await refused({ owner: { email: 'a@mail.example', name: 'X', role: 'owner' } }, 'REQUEST_INVALID', 'owner.role');
  await refused({ config: { locale: 'xx-invalid-locale-', providers: [] } }, 'REQUEST_INVALID', 'config.locale');
  await refused({ config: { time_zone: '+02:00' } }, 'REQUEST_INVALID', 'config.time_zone');
  await refused({ config: { api_key: 'x' } }, 'REQUEST_INVALID', 'config.api_key');
  assert.deepEqual(await countRows(server), before);
});

test('a refused onboarding does not keep its key', async () => {
  const key = randomUUID();
  const body = onboardingOf(newMarker());
  assert.equal((await server.operate(route, { body: { ...body, region: 'mars' }, key })).status, 422);
  assert.equal((await server.operate(route, { body, key })).status, 201);
});

test('operators list tenants page by page, filter them, and read one', async () => {
  const all: string[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const more: Record<string, string> = after === '' ? {} : { after };
    const { ok } = await server.operate('GET /v1/operator/tenants', { query: { limit: 3, ...more } });
    all.push(...ok.items.map(({ slug }) => slug));
    after = ok.next;
  }
  const { rows } = await admin.query<{ slug: string }>('select slug from control.tenants');
  assert.deepEqual(all, rows.map(({ slug }) => slug).toSorted());
  const one = (await server.operate('GET /v1/operator/tenants/{slug}', { params: { slug: first.slug } })).ok;
  assert.deepEqual(one, (await first.call('GET /v1/tenant')).ok);
  const found = (await server.operate('GET /v1/operator/tenants', { query: { 'slug.prefix': first.slug.slice(0, 8) } }))
    .ok.items;
  assert.deepEqual(
    found.map(({ slug }) => slug),
    [first.slug],
  );
  assert.deepEqual(
    (await server.operate('GET /v1/operator/tenants', { query: { 'mode.eq': 'suspended' } })).ok.items,
    [],
  );
  for (const slug of ['nobody-here', 'admin', 'UPPER', 'x%20y', "a'--"]) {
    assert.equal(
      (await server.operate('GET /v1/operator/tenants/{slug}', { params: { slug } })).problem.code,
      'NOT_FOUND',
    );
  }
  for (const sort of ['-slug', 'created', '-created']) {
    const page = (await server.operate('GET /v1/operator/tenants', { query: { sort, limit: 2 } })).ok;
    const next = (
      await server.operate('GET /v1/operator/tenants', { query: { sort, limit: 100, after: page.next ?? '' } })
    ).ok;
    assert.equal(new Set([...page.items, ...next.items].map(({ id }) => id)).size, all.length);
  }
});
