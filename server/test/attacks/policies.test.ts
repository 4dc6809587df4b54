import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attest, checkDatabase } from '@businessos/tenancy/admin';
import { attempt, openStage, type Stage } from '../isolation/stage.ts';

const shared = await openStage();
const sealed = ({ seals, a }: Stage) => ({
  tenant: seals.tenant(a).text,
  principal: seals.principal(a, 's:attack', 'r1').text,
});

/** Runs one statement as the first tenant on a raw connection; nothing stays. */
async function asA(stage: Stage, text: string, values: unknown[] = []) {
  const app = await stage.connect('bos_app');
  try {
    return await attempt(app, sealed(stage), text, values);
  } finally {
    await app.end();
  }
}

async function changed(sql: string): Promise<Stage> {
  const stage = await openStage();
  await stage.db.admin.query(sql);
  return stage;
}

const CONTACT = 'crm.contacts';
const refusals: [id: string, what: string, sql: string][] = [
  [
    'V3',
    'a table without row security',
    `alter table ${CONTACT} disable row level security, no force row level security`,
  ],
  ['V4', 'a table that is not forced', `alter table ${CONTACT} no force row level security`],
  ['V5', 'policies on a table whose row security is off', `alter table ${CONTACT} disable row level security`],
  ['V6', 'an explicit with check (true)', `alter policy tenant_isolation on ${CONTACT} with check (true)`],
  [
    'V11',
    "a view that runs with a superuser's rights",
    `create view crm.v as select * from ${CONTACT}; grant select on crm.v to bos_app`,
  ],
  [
    'V12',
    'a materialized view',
    `create materialized view crm.m as select * from ${CONTACT}; grant select on crm.m to bos_app`,
  ],
  [
    'V13',
    "a function that runs with a superuser's rights",
    `create function crm.f() returns setof ${CONTACT} language sql security definer as 'select * from ${CONTACT}'; grant execute on function crm.f() to bos_app`,
  ],
  [
    'V52',
    'a new table that a migration forgot to protect',
    'create table crm.forgotten (tenant_id uuid, note text); grant select on crm.forgotten to bos_app',
  ],
];
for (const [id, what, sql] of refusals) {
  test(`${id} a server does not start on ${what}`, async () => {
    const stage = await changed(sql);
    await assert.rejects(attest(stage.db.connection('bos_app')), { code: 'ATTESTATION_FAILED' });
  });
}

test('V7 V175 an extra permissive policy shows no foreign row: the floor holds', async () => {
  const stage = await changed(`create policy wide on ${CONTACT} using (true) with check (true)`);
  assert.equal((await asA(stage, `select * from ${CONTACT}`)).count, 1);
  assert.equal((await asA(stage, `update ${CONTACT} set name = 'x'`)).count, 1);
  assert.equal(
    (await asA(stage, `insert into ${CONTACT} (tenant_id, name) values ($1, 'x')`, [stage.b])).state,
    '42501',
  );
});

test('V175 without the floor, or without the policy, no foreign row is shown, with a forged claim neither', async () => {
  for (const policy of ['floor', 'tenant_isolation']) {
    const stage = await changed(`drop policy ${policy} on ${CONTACT}`);
    const seen = await asA(
      stage,
      `select * from ${CONTACT} where (select set_config('app.current_tenant_id', 'x.${stage.b}.9999999999.' || repeat('0', 64), true)) <> ''`,
    );
    assert.ok(!seen.text.includes(stage.marker(stage.b)), `${policy}: ${seen.text}`);
    assert.ok((await asA(stage, `select * from ${CONTACT}`)).count <= 1);
  }
});

test('V8 a tautology finds the own rows only', async () => {
  assert.equal(
    (await asA(shared, `select * from ${CONTACT} where name = '' or true or tenant_id is not null`)).count,
    1,
  );
});

test('V9 V10 a row is never given to another tenant', async () => {
  assert.equal((await asA(shared, `update ${CONTACT} set tenant_id = $1`, [shared.b])).state, '42501');
  assert.equal(
    (await asA(shared, `insert into ${CONTACT} (tenant_id, name) values ($1, 'x')`, [shared.b])).state,
    '42501',
  );
});

test('V11 a view of the schema’s owner shows the own rows only', async () => {
  const stage = await changed(
    `grant create on schema crm to bos_owner; set role bos_owner; create view crm.v as select * from ${CONTACT}; grant select on crm.v to bos_app; reset role`,
  );
  assert.equal((await asA(stage, 'select * from crm.v')).count, 1);
});

test('V14 a reference to another tenant’s record is like one to none', async () => {
  const only = '00000000-0000-4000-8000-00000000aaaa';
  await shared.db.admin.query('insert into crm.companies (tenant_id, id, name) values ($1, $2, $3)', [
    shared.b,
    only,
    shared.marker(shared.b),
  ]);
  const toB = await asA(shared, `insert into ${CONTACT} (name, company_id) values ('x', $1)`, [only]);
  const toNone = await asA(
    shared,
    `insert into ${CONTACT} (name, company_id) values ('x', '00000000-0000-4000-8000-00000000bbbb')`,
  );
  assert.deepEqual([toB.state, toNone.state], ['23503', '23503']);
});

test('V15 a delete cascades in the own tenant only, and a person with memberships cannot be deleted', async () => {
  const before = await shared.fingerprint(shared.b);
  const app = await shared.connect('bos_app');
  await app.query('begin');
  await app.query(
    "select set_config('app.current_tenant_id', $1, true), set_config('app.current_principal', $2, true)",
    [sealed(shared).tenant, sealed(shared).principal],
  );
  assert.equal((await app.query('delete from crm.companies')).rowCount, 1);
  assert.equal((await app.query(`select company_id from ${CONTACT}`)).rows[0].company_id, null);
  await app.query('rollback');
  await app.end();
  assert.equal(await shared.fingerprint(shared.b), before);
  await assert.rejects(shared.db.admin.query('delete from identity.persons'), { code: /2300[13]|23503/ });
});

test('V16 V18 an open transaction of one tenant blocks no other by foreign key or unique value', async () => {
  const [one, two] = [await shared.connect('bos_app'), await shared.connect('bos_app')];
  const open = async (client: typeof one, tenant: string) => {
    await client.query("begin; set local lock_timeout = '300ms'");
    await client.query(
      "select set_config('app.current_tenant_id', $1, true), set_config('app.current_principal', $2, true)",
      [shared.seals.tenant(tenant).text, shared.seals.principal(tenant, 's:attack', 'r').text],
    );
  };
  await open(one, shared.a);
  await one.query(
    `insert into ${CONTACT} (name, email, company_id) select 'x', 'squat@x.example', id from crm.companies`,
  );
  await open(two, shared.b);
  assert.ok((await two.query('select id from crm.companies for update nowait')).rowCount);
  await two.query(`insert into ${CONTACT} (name, email) values ('y', 'squat@x.example')`);
  for (const client of [one, two]) {
    await client.query('rollback');
    await client.end();
  }
});

test('V17 V19 a value that another tenant has is free, and on conflict shows nothing of it', async () => {
  const free = await asA(
    shared,
    `insert into ${CONTACT} (name, email) values ('x', 'only-b@in.example') returning name`,
  );
  await shared.db.admin.query(`insert into ${CONTACT} (tenant_id, name, email) values ($1, $2, 'only-b@in.example')`, [
    shared.b,
    shared.marker(shared.b),
  ]);
  const taken = await asA(
    shared,
    `insert into ${CONTACT} (name, email) values ('x', 'only-b@in.example') on conflict (tenant_id, email_key) where deleted_at is null do update set name = ${CONTACT}.name || 'leak' returning name`,
  );
  assert.deepEqual(taken, free);
});

test('V20 no expression is evaluated on another tenant’s row, so no error tells of it', async () => {
  for (const text of [
    `select * from ${CONTACT} where 1 / (case when name = $1 then 0 else 1 end) = 1`,
    `select * from ${CONTACT} where case when name = $1 then name::int else 1 end = 1`,
    `update ${CONTACT} set phone = 'x' where 1 / (case when name = $1 then 0 else 1 end) = 1`,
    `select * from crm.companies c where exists (select from ${CONTACT} k where k.company_id = c.id and 1 / (case when k.name = $1 then 0 else 1 end) = 1)`,
  ]) {
    assert.equal((await asA(shared, text, [shared.marker(shared.b)])).state, 'ok', text);
  }
});

test('V24 the statistics of a protected table are hidden', async () => {
  await shared.db.admin.query('analyze');
  assert.equal(
    (await asA(shared, "select * from pg_stats where schemaname in ('crm', 'identity', 'server')")).count,
    0,
  );
  assert.equal((await asA(shared, 'select * from pg_statistic')).state, '42501');
});

test('V25 no sequence is readable, so no count of others leaks', async () => {
  assert.equal(
    (await asA(shared, "select 1 from pg_class where relkind = 'S' and has_sequence_privilege(oid, 'usage, select')"))
      .count,
    0,
  );
});

test('V37 a search_path of the attacker changes no verifying function', async () => {
  const { state, count } = await asA(
    shared,
    `select * from ${CONTACT}, lateral (select set_config('search_path', 'pg_temp, crm', true)) s`,
  );
  assert.deepEqual([state, count], ['ok', 1]);
  const { rows } = await shared.db.admin.query(
    "select proname from pg_proc where pronamespace = 'tenancy'::regnamespace and prosecdef and not coalesce(proconfig::text, '') like '%search_path=pg_catalog, pg_temp%'",
  );
  assert.deepEqual(rows, []);
});

test('V42 row_security = off is an error, not all rows', async () => {
  const app = await shared.connect('bos_app');
  await app.query('set row_security = off');
  assert.equal((await attempt(app, sealed(shared), `select * from ${CONTACT}`)).state, '42501');
  await app.end();
});

test('V46 no policy looks into another table', async () => {
  assert.deepEqual(
    (await checkDatabase(shared.db.adminUrl, ['bos_app'])).filter(({ id }) => id === 'L42'),
    [],
  );
});

test('V51 V180 SQL inside of functions, and whole-schema exports, show the own rows only', async () => {
  for (const call of [
    "query_to_xml('select * from crm.contacts', true, true, '')",
    "schema_to_xml('crm', true, true, '')",
    "table_to_xml('crm.contacts', true, true, '')",
  ]) {
    const { text, state } = await asA(shared, `select ${call} as x`);
    assert.equal(state, 'ok', call);
    assert.ok(text.includes(shared.marker(shared.a)) && !text.includes(shared.marker(shared.b)), call);
  }
  const database = await asA(shared, "select database_to_xml(true, true, '') as x");
  assert.ok(!database.text.includes(shared.marker(shared.b)));
});

test('V184 a foreign key that the owner validates on forced tables cannot let a crossing row in', async () => {
  const stage = await openStage();
  await stage.db.admin.query(`
    alter table crm.contacts drop constraint contacts_tenant_id_company_id_fkey;
    update crm.contacts set company_id = '00000000-0000-4000-8000-00000000cccc' where tenant_id = '${stage.a}'`);
  const key = `alter table crm.contacts add constraint crossing foreign key (tenant_id, company_id) references crm.companies (tenant_id, id)`;
  await assert.rejects(stage.db.admin.query(`set role bos_owner; ${key}`), { code: '42501' });
  await stage.db.admin.query('reset role');
  await assert.rejects(
    stage.db.admin.query(
      `begin; alter table crm.contacts no force row level security; alter table crm.companies no force row level security; set local role bos_owner; ${key}; commit`,
    ),
    { code: '23503' },
  );
  await stage.db.admin.query('rollback');
});

test('V185 a principal cannot be forged, borrowed from another tenant, or read', async () => {
  const { seals, a, b, db } = shared;
  const app = await shared.connect('bos_app');
  assert.equal((await attempt(app, sealed(shared), 'select * from tenancy.current_principal()')).state, '42501');
  await db.admin.query("update tenancy.homes set mode = 'read_only' where tenant_id = $1", [a]);
  const write = `update ${CONTACT} set name = name`;
  const real = seals.principal(a, 's:rewind', 'r1').text;
  assert.equal((await attempt(app, { tenant: seals.tenant(a).text, principal: real }, write)).state, 'ok');
  for (const principal of [
    '',
    real.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
    seals.principal(a, 's:nobody', 'r1').text.replace('s:nobody', 's:rewind'),
    seals.principal(b, 's:rewind', 'r1').text,
  ]) {
    assert.notEqual((await attempt(app, { tenant: seals.tenant(a).text, principal }, write)).state, 'ok');
  }
  await db.admin.query("update tenancy.homes set mode = 'open' where tenant_id = $1", [a]);
  await app.end();
});
