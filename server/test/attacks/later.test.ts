import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TestDatabase, testDatabase } from '@businessos/tenancy/testing';
import { migrations, productLogins, setupSql } from '../../src/database.ts';
import { attempt, openStage, type Stage } from '../isolation/stage.ts';

/** What a later migration could add in good faith. It runs as the migrator does, with the owner's rights. */
const asOwner = (sql: string) => `set local role bos_owner; ${sql}`;

const withMigration = (sql: string): Promise<TestDatabase> =>
  testDatabase({ migrations: [migrations], setupSql: [setupSql], logins: productLogins, tables: asOwner(sql) });

/** Adds it to a stage and asks as A, who owns one contact. */
async function asA(sql: string, ...texts: string[]): Promise<{ stage: Stage; seen: string[] }> {
  const stage = await openStage();
  const { db, a, seals } = stage;
  await db.admin.query(`begin; ${asOwner(sql)}; commit`);
  const app = await stage.connect('bos_app');
  const seen: string[] = [];
  for (const text of texts) {
    const seal = { tenant: seals.tenant(a).text, principal: seals.principal(a, 's:attack', 'r').text };
    const { state, text: told } = await attempt(app, seal, text);
    assert.ok(!told.includes(stage.marker(stage.b)), `${text}: ${told}`);
    seen.push(state === 'ok' ? told : state);
  }
  await app.end();
  return { stage, seen };
}

const onlyA = ({ marker, a }: Stage) => JSON.stringify([{ name: marker(a) }]);

test('V52 no server starts on a migration that forgot protect(), with tenant_id or without', async () => {
  for (const table of [
    'create table crm.notes (tenant_id uuid, body text); grant select, insert on crm.notes to bos_app',
    'create table crm.notes (body text); grant select on crm.notes to bos_app',
    'create table crm.notes (tenant_id uuid, body text)',
    'create table crm.notes (tenant_id uuid, body text); alter table crm.notes enable row level security, force row level security; create policy p on crm.notes using (true); grant select on crm.notes to bos_app',
  ]) {
    const db = await withMigration(table);
    await assert.rejects(db.tenancy(), { code: 'ATTESTATION_FAILED' }, table);
    await db.drop();
  }
  const good = await withMigration(
    "create table crm.notes (id uuid primary key default gen_random_uuid(), body text); select tenancy.protect('crm.notes')",
  );
  await good.tenancy();
});

test('V11 V13 a view or a definer function of the owner is itself under the policies: it shows the own rows only', async () => {
  const { stage, seen } = await asA(
    `create view crm.v as select name from crm.contacts; grant select on crm.v to bos_app;
     create view crm.barrier with (security_barrier, security_invoker) as select name from crm.contacts; grant select on crm.barrier to bos_app;
     create function crm.f() returns table (name text) language sql security definer set search_path = pg_catalog, pg_temp as 'select name from crm.contacts';
     grant execute on function crm.f() to bos_app`,
    'select * from crm.v',
    'select * from crm.barrier',
    'select * from crm.f()',
  );
  assert.deepEqual(seen, [onlyA(stage), onlyA(stage), onlyA(stage)]);
});

test('V12 the owner cannot even fill a materialized view: without a scope it sees no rows to copy', async () => {
  const stage = await openStage();
  await assert.rejects(
    stage.db.admin.query(`begin; ${asOwner('create materialized view crm.m as select * from crm.contacts')}; commit`),
    { code: '42501' },
  );
  await stage.db.admin.query('rollback');
});

test('V39 a child or a copy of a tenant table has no policies of its own, and nobody may read it', async () => {
  const { stage, seen } = await asA(
    `create table crm.child () inherits (crm.contacts); create table crm.copy (like crm.contacts including all);
     insert into crm.child (tenant_id, name) select tenant_id, 'canary-' || tenant_id from tenancy.homes;
     insert into crm.copy (tenant_id, name) select tenant_id, 'canary-' || tenant_id from tenancy.homes`,
    'select name from crm.child',
    'select name from crm.copy',
    'select name from crm.contacts',
  );
  // through the parent, the parent's policies hold for the child's rows too
  const twice = JSON.stringify([{ name: stage.marker(stage.a) }, { name: stage.marker(stage.a) }]);
  assert.deepEqual(seen, ['42501', '42501', twice]);
});

test('V47 a plan that was made for another role or another seal is not used for this one', async () => {
  const { db, a, b, seals, marker } = await openStage();
  await db.admin.query('prepare names as select name from crm.contacts order by name');
  for (let round = 0; round < 6; round++)
    assert.equal((await db.admin.query('execute names')).rowCount, 2, 'the control: a superuser sees both');
  await db.admin.query('set role bos_app');
  for (const mode of ['force_custom_plan', 'force_generic_plan', 'auto']) {
    await db.admin.query(`set plan_cache_mode = ${mode}`);
    assert.equal((await attempt(db.admin, {}, 'execute names')).state, '42501');
    for (let round = 0; round < 6; round++) {
      for (const tenant of [a, b]) {
        const { text } = await attempt(db.admin, { tenant: seals.tenant(tenant).text }, 'execute names');
        assert.equal(text, JSON.stringify([{ name: marker(tenant) }]), mode);
      }
    }
  }
  await db.admin.query('reset role');
  assert.equal((await db.admin.query('execute names')).rowCount, 2);
});

test('V180 one unprotected readable table is enough for an export of the database, so no server starts on one', async () => {
  const stage = await openStage();
  const { db, a, b, seals } = stage;
  await db.admin.query(
    `create table crm.open (name text); insert into crm.open select '${stage.marker(b)}'; grant select on crm.open to bos_app`,
  );
  const app = await stage.connect('bos_app');
  for (const call of ["database_to_xml(true, true, '')", "schema_to_xml('crm', true, true, '')"]) {
    const { text } = await attempt(app, { tenant: seals.tenant(a).text }, `select ${call} as x`);
    assert.ok(text.includes(stage.marker(b)), 'the control: it is printed');
  }
  await app.end();
  await assert.rejects(db.tenancy(), { code: 'ATTESTATION_FAILED' });
});
