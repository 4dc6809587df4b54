import { AssertionError } from 'node:assert';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attest } from '@businessos/tenancy/admin';
import { openStage, type Stage } from '../isolation/stage.ts';
import { checks } from './checks.ts';

type CheckName = keyof typeof checks;

/** Weakens a stage and says how to undo it; without an undo the stage is of no further use. */
type Weaken = (stage: Stage) => Promise<string | undefined>;

/** Replaces a part of a function where it stands. */
const replaced =
  (name: string, part: string, by: string): Weaken =>
  async ({ db }) => {
    const { rows } = await db.admin.query<{ text: string }>('select pg_get_functiondef($1::regproc) as text', [
      `tenancy.${name}`,
    ]);
    const text = rows[0]?.text ?? '';
    assert.ok(text.includes(part), `tenancy.${name} holds no ${part}`);
    await db.admin.query(text.replace(part, by));
    return text;
  };

const run =
  (text: string, undo?: string): Weaken =>
  async ({ db }) => {
    await db.admin.query(text);
    return undo;
  };

/** The composite key taken away, a row that crosses, and the key added again while both tables are forced. */
const crossing = `
  alter table crm.contacts drop constraint contacts_tenant_id_company_id_fkey;
  update crm.contacts set company_id = '00000000-0000-4000-8000-00000000cccc'`;
const key =
  'alter table crm.contacts add constraint k foreign key (tenant_id, company_id) references crm.companies (tenant_id, id)';
const withoutPolicies = ['crm.contacts', 'crm.companies'].flatMap((table) =>
  ['floor', 'tenant_isolation', 'fence'].map((policy) => `drop policy ${policy} on ${table}`),
);

/** A guard in the database weakened, and the attack that must then get through. */
const mutants: [what: string, weaken: Weaken, caughtBy: CheckName][] = [
  ...['current_tenant', 'sealed_tenant'].flatMap((name): typeof mutants => [
    [
      `${name} compares the first 8 digits of the MAC`,
      replaced(name, "'hex') = right(s, 64)", "'hex') like left(right(s, 64), 8) || '%'"),
      'malformedSealsAreRefused',
    ],
    [
      `${name} compares half of the MAC`,
      replaced(name, "'hex') = right(s, 64)", "'hex') like left(right(s, 64), 32) || '%'"),
      'malformedSealsAreRefused',
    ],
    [
      `${name} compares the MAC in any case`,
      replaced(name, '= right(s, 64)', '= lower(right(s, 64))'),
      'malformedSealsAreRefused',
    ],
    [
      `${name} takes an expired seal`,
      replaced(name, 'extract(epoch from now()) < substr(s, 47, 10)::float8', 'true'),
      'malformedSealsAreRefused',
    ],
    [
      `${name} takes a known key id, whatever the MAC`,
      replaced(name, 'if found and encode(', 'if found or encode('),
      'malformedSealsAreRefused',
    ],
  ]),
  [
    'the tenant is cast before the MAC holds',
    replaced('current_tenant', 'if length(s) = 121 then', 'if length(s) = 121 then t := substr(s, 10, 36)::uuid;'),
    'malformedSealsAreRefused',
  ],
  [
    'the key table granted',
    run(
      'grant usage on schema seal to bos_app; grant select on seal.keys to bos_app',
      'revoke usage on schema seal from bos_app; revoke select on seal.keys from bos_app',
    ),
    'keysAreOutOfReach',
  ],
  ['the fence policy for delete missing', run('drop policy fence on crm.contacts'), 'fencedTenantDeletesNothing'],
  [
    'the fence policy reads without writing_tenant',
    run('alter policy fence on crm.contacts using (tenant_id = (select tenancy.current_tenant()))'),
    'fencedTenantDeletesNothing',
  ],
  [
    'usage of a language granted',
    run('grant usage on language plpgsql to public', 'revoke usage on language plpgsql from public'),
    'doBlocksAreRefused',
  ],
  ['the policy dropped', run('drop policy tenant_isolation on crm.contacts'), 'ownRowsAreSeen'],
  ['the floor dropped', run('drop policy floor on crm.contacts'), 'floorHolds'],
  [
    'a wide permissive policy added',
    run('create policy wide on crm.contacts using (true) with check (true)'),
    'policyHolds',
  ],
  [
    'a foreign key validated while forced and without policies',
    run(`${crossing}; ${withoutPolicies.join('; ')}; set role bos_owner; ${key}; reset role`),
    'noReferenceCrosses',
  ],
];

for (const [name, check] of Object.entries(checks)) {
  test(`the control: ${name} on the database as it is`, async () => {
    await check(await openStage());
    assert.ok(
      mutants.some(([, , caughtBy]) => caughtBy === name),
      'a check that no mutant shows to have teeth',
    );
  });
}

let usable: Stage | undefined;
for (const [what, weaken, caughtBy] of mutants) {
  test(`mutant: ${what} is caught by ${caughtBy}, and no server starts on it`, async () => {
    const stage = usable ?? (await openStage());
    usable = undefined;
    const undo = await weaken(stage);
    await assert.rejects(attest(stage.db.connection('bos_app')), { code: 'ATTESTATION_FAILED' });
    await assert.rejects(checks[caughtBy](stage), AssertionError);
    if (undo === undefined) return await stage.db.drop();
    await stage.db.admin.query(undo);
    await attest(stage.db.connection('bos_app'));
    usable = stage;
  });
}
