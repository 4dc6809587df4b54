import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, onboardingRequest, permissions, permits, roles, tenant } from '../src/index.ts';

const request = {
  slug: 'nordwind',
  name: 'Nordwind Energie',
  region: 'eu',
  plan: 'pro',
  owner: { email: 'Ida@Nordwind.Example', name: 'Ida Sørensen' },
};

function fields(value: unknown): string[] {
  const result = check(onboardingRequest, value);
  return result.ok ? [] : result.errors.map((error) => error.field);
}

test('onboarding fills the config and folds the address of the owner', () => {
  const result = check(onboardingRequest, request);
  assert.ok(result.ok);
  assert.deepEqual(result.value, {
    ...request,
    config: { providers: [], locale: 'en', time_zone: 'UTC', factor_required: false },
    owner: { email: 'ida@nordwind.example', name: 'Ida Sørensen' },
  });
});

test('a part of the config leaves the rest at its defaults', () => {
  const provider = { name: 'main', kind: 'openai-compatible', model: 'small' };
  const result = check(onboardingRequest, {
    ...request,
    config: { time_zone: 'Europe/Berlin', providers: [provider] },
  });
  assert.ok(result.ok);
  assert.deepEqual(result.value.config, {
    providers: [provider],
    locale: 'en',
    time_zone: 'Europe/Berlin',
    factor_required: false,
  });
});

test('what is wrong with onboarding is named by its path', () => {
  const config = {
    locale: 'en_US',
    time_zone: '+02:00',
    providers: [{ name: 'Main', kind: 'openai', key: 'sk-1' }],
    keys: 1,
  };
  assert.deepEqual(
    fields({ ...request, plan: 'gold', region: 'EU', config, owner: { email: 'x', name: '', role: 'owner' } }),
    [
      'region',
      'plan',
      'config.providers.0.name',
      'config.providers.0.key',
      'config.locale',
      'config.time_zone',
      'config.keys',
      'owner.email',
      'owner.name',
      'owner.role',
    ],
  );
  assert.deepEqual(fields({}), ['slug', 'name', 'region', 'plan', 'owner']);
  assert.deepEqual(fields({ ...request, id: '0', mode: 'open' }), ['id', 'mode']);
});

test('two providers of one name, or nine, are refused', () => {
  const provider = (n: number) => ({ name: `p${n}`, kind: 'mistral' });
  const nine = Array.from({ length: 9 }, (_, n) => provider(n));
  assert.deepEqual(fields({ ...request, config: { providers: [provider(1), provider(1)] } }), ['config.providers']);
  assert.deepEqual(fields({ ...request, config: { providers: nine } }), ['config.providers']);
});

test('an answer with a column that the contract does not know is not a tenant', () => {
  const row = {
    id: '0197f000-0000-7000-8000-00000000000a',
    slug: 'nordwind',
    name: 'Nordwind Energie',
    region: 'eu',
    plan: 'pro',
    mode: 'open',
    config: { providers: [], locale: 'en', time_zone: 'UTC', factor_required: false },
    created_at: '2026-01-31T07:30:00.000Z',
  };
  assert.equal(check(tenant, row).ok, true);
  assert.equal(check(tenant, { ...row, cluster: 'one' }).ok, false);
});

test('a role has what the table says and an unknown role nothing', () => {
  for (const permission of Object.keys(permissions) as (keyof typeof permissions)[]) {
    assert.ok(permits('owner', permission));
    for (const role of ['', 'root', 'toString', '__proto__']) assert.equal(permits(role, permission), false, role);
  }
  assert.deepEqual(
    roles.filter((role) => permits(role, 'crm.write')),
    ['owner', 'admin', 'member'],
  );
});
