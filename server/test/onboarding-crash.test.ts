import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { TenancyError } from '@businessos/tenancy';
import { type OnboardingSteps, sweepOnboardings } from '../src/tenants/onboarding.ts';
import { asTenant, newMarker, onboardingOf, onboardTenant, startTestServer, type TestTenant } from './harness.ts';

const server = await startTestServer();
await onboardTenant(server);
const { admin } = server.db;
const { platform } = server;
const real: OnboardingSteps = { ...platform.steps };
const route = 'POST /v1/operator/tenants';

/** Where a process may die: at the named step, before or after what it does. */
const deaths: Record<string, Partial<OnboardingSteps>> = {
  'before the owner and the first records': { fill: die },
  'after the owner and the first records': {
    fill: async (tenantId, request) => {
      await real.fill(tenantId, request);
      await die();
    },
  },
  'before the probe': { probe: die },
  'after the probe': {
    probe: async (tenantId, neighbour) => {
      await real.probe(tenantId, neighbour);
      await die();
    },
  },
};

async function die(): Promise<never> {
  throw new Error('the process is gone');
}

/** Runs an onboarding whose steps break, over HTTP. */
async function broken(steps: Partial<OnboardingSteps>) {
  const marker = newMarker();
  const body = onboardingOf(marker);
  const key = randomUUID();
  Object.assign(platform.steps, steps);
  const { problem } = await server.operate(route, { body, key });
  Object.assign(platform.steps, real);
  assert.equal(problem.code, 'INTERNAL');
  const { rows } = await admin.query<{ id: string }>('select tenant_id as id from control.onboardings where key = $1', [
    key,
  ]);
  const id = rows[0]?.id ?? '';
  return { marker, body, key, id, tenant: await asTenant(server, { id, slug: body.slug }, marker) };
}

/** A tenant that is not open is answered like a missing one, whatever is shown to it. */
async function isClosed(tenant: TestTenant): Promise<void> {
  const host = `api.bos.localhost:${server.port}`;
  for (const input of [
    {},
    { token: null },
    { token: 'x.y.z' },
    { host },
    { host, headers: [['X-Tenant', tenant.slug]] as const },
  ]) {
    assert.equal((await tenant.call('GET /v1/tenant', input)).problem.code, 'NOT_FOUND');
    assert.equal((await tenant.call('GET /v1/contacts', input)).problem.code, 'NOT_FOUND');
    assert.equal((await tenant.call('POST /v1/contacts', { ...input, body: { name: 'x' } })).problem.code, 'NOT_FOUND');
  }
}

async function isWhole(tenantId: string): Promise<void> {
  const { rows } = await admin.query(
    `select (select mode from tenancy.homes where tenant_id = $1) as mode,
      (select count(*)::int from crm.companies where tenant_id = $1) as companies,
      (select count(*)::int from crm.contacts where tenant_id = $1) as contacts,
      (select count(*)::int from identity.memberships where tenant_id = $1) as members,
      (select count(*)::int from identity.person_tenants where tenant_id = $1) as persons,
      (select count(*)::int from control.onboardings where tenant_id = $1 and done_at is not null and request is null) as done`,
    [tenantId],
  );
  assert.deepEqual(rows, [{ mode: 'open', companies: 1, contacts: 1, members: 1, persons: 1, done: 1 }]);
}

for (const [when, steps] of Object.entries(deaths)) {
  test(`an onboarding that dies ${when} is closed, and the same key finishes it`, async () => {
    const { body, key, id, marker, tenant } = await broken(steps);
    await isClosed(tenant);
    const other = await server.operate(route, { body, key: randomUUID() });
    assert.equal(other.problem.code, 'SLUG_TAKEN');
    const made = (await server.operate(route, { body, key })).ok;
    assert.deepEqual([made.id, made.mode], [id, 'open']);
    await isWhole(id);
    assert.equal((await (await asTenant(server, made, marker)).call('GET /v1/tenant')).ok.id, id);
  });

  test(`an onboarding that dies ${when} is closed, and the sweeper finishes it`, async () => {
    const { id, tenant, body, key } = await broken(steps);
    await isClosed(tenant);
    assert.deepEqual(await sweepOnboardings(platform.tenants, platform.steps), [], 'it may still run');
    await admin.query("update control.onboardings set started_at = now() - interval '2 minutes' where tenant_id = $1", [
      id,
    ]);
    assert.deepEqual(await sweepOnboardings(platform.tenants, platform.steps), [id]);
    await isWhole(id);
    assert.equal((await tenant.call('GET /v1/tenant')).ok.mode, 'open');
    assert.deepEqual(await sweepOnboardings(platform.tenants, platform.steps, 0), []);
    assert.equal((await server.operate(route, { body, key })).ok.id, id);
  });
}

test('a probe that finds another tenant leaves the new one closed, and one that cannot finish holds up no other', async () => {
  const leak = async () => {
    throw new TenancyError('PROBE_FAILED', 'the isolation probe failed', { detail: 'crm.contacts: a row of another' });
  };
  const bad = await broken({ probe: leak });
  const good = await broken({ fill: die });
  await isClosed(bad.tenant);
  await admin.query("update control.onboardings set started_at = now() - interval '1 hour' where tenant_id = $1", [
    bad.id,
  ]);
  await admin.query("update control.onboardings set started_at = now() - interval '2 minutes' where tenant_id = $1", [
    good.id,
  ]);
  const steps: OnboardingSteps = {
    ...real,
    probe: (id, neighbour) => (id === bad.id ? leak() : real.probe(id, neighbour)),
  };
  await assert.rejects(sweepOnboardings(platform.tenants, steps), (error: AggregateError) => error.errors.length === 1);
  await isWhole(good.id);
  await isClosed(bad.tenant);
  assert.ok(!server.lines.some((line) => line.includes(bad.body.owner.email)), 'the log names nobody');
  assert.deepEqual(await sweepOnboardings(platform.tenants, real), [bad.id]);
});

test('the real probe refuses to open a tenant when row security of a table lets another in', async () => {
  const body = onboardingOf(newMarker());
  const key = randomUUID();
  await admin.query('alter table crm.companies no force row level security, disable row level security');
  const { problem } = await server.operate(route, { body, key });
  await admin.query('alter table crm.companies enable row level security, force row level security');
  assert.equal(problem.code, 'INTERNAL');
  const { rows } = await admin.query(
    'select mode from tenancy.homes join control.tenants using (tenant_id) where slug = $1',
    [body.slug],
  );
  assert.deepEqual(rows, [{ mode: 'provisioning' }]);
  assert.equal((await server.operate(route, { body, key })).ok.mode, 'open');
});

test('the owner and the first records that several write at once are written once', async () => {
  for (let round = 0; round < 5; round++) {
    const { id, body, key } = await broken({ fill: die });
    await Promise.all(Array.from({ length: 4 }, () => real.fill(id, body)));
    await server.operate(route, { body, key }).then((answer) => answer.ok);
    await isWhole(id);
  }
});

test('sweepers of several processes and the same key at once finish an onboarding once', async () => {
  const { id, body, key } = await broken({ fill: die });
  const work = [
    sweepOnboardings(platform.tenants, platform.steps, -1),
    sweepOnboardings(platform.tenants, platform.steps, -1),
    server.operate(route, { body, key }).then((answer) => answer.ok),
    server.operate(route, { body, key }).then((answer) => answer.ok),
  ];
  await Promise.all(work);
  await isWhole(id);
});
