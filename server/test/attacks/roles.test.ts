import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attest } from '@businessos/tenancy/admin';
import { attempt, openStage } from '../isolation/stage.ts';

// Changes to roles reach a whole server, so this file has one of its own.
const stage = await openStage(true);
const { db, a, b, seals } = stage;
const app = await stage.connect('bos_app');
test.after(() => app.end());
const sealed = { tenant: seals.tenant(a).text, principal: seals.principal(a, 's:attack', 'r1').text };
const raw = async (text: string) => (await attempt(app, sealed, text)).state;

/** The server must not start while the change stands. */
async function refusedWhile(change: string, undo: string, named: RegExp): Promise<void> {
  await db.admin.query(change);
  try {
    await assert.rejects(attest(db.connection('bos_app')), named);
  } finally {
    await db.admin.query(undo);
  }
  await attest(db.connection('bos_app'));
}

test('V1 a server with a strong role does not start', async () => {
  for (const power of ['superuser', 'bypassrls', 'createrole', 'replication', 'createdb']) {
    await refusedWhile(`alter role bos_app ${power}`, `alter role bos_app no${power}`, new RegExp(power));
  }
});

test('V2 a server whose role is a member of the owner does not start', async () => {
  for (const role of ['bos_owner', 'bos_seal', 'pg_read_all_data']) {
    await refusedWhile(`grant ${role} to bos_app`, `revoke ${role} from bos_app`, new RegExp(role));
  }
});

test('V29 a tenant cannot end or cancel the work of others', async () => {
  for (const call of ['pg_terminate_backend(1)', 'pg_cancel_backend(1)', 'pg_reload_conf()'])
    assert.equal(await raw(`select ${call}`), '42501');
});

test('V33 a role cannot strengthen itself, nor become another', async () => {
  for (const text of [
    'alter role bos_app bypassrls',
    'set role bos_owner',
    'set session authorization bos_owner',
    'grant bos_owner to bos_app',
    'create role x',
  ]) {
    assert.equal(await raw(text), '42501', text);
  }
});

test('V33 V34 what every role may do to itself is refused by the gate, and a server does not start on the trace', async () => {
  const tenancy = await db.tenancy();
  const texts: [text: string, undo: string, raw: string][] = [
    ["alter role bos_app set statement_timeout = '1'", 'alter role bos_app reset statement_timeout', 'ok'],
    [
      `alter role bos_app set app.current_tenant_id = '${b}'`,
      'alter role bos_app reset app.current_tenant_id',
      '42501',
    ],
    ["alter role bos_app password 'known'", '', 'ok'],
  ];
  for (const [text, undo, alone] of texts) {
    for (const run of [
      () => tenancy.query({ text, values: [] }),
      () => tenancy.transaction((tx) => tx.query({ text, values: [] })),
      () => tenancy.pool.query(text),
    ]) {
      await assert.rejects(tenancy.withTenant(a, 's:attack', run), { code: 'REFUSED' }, text);
    }
    assert.equal(await raw(text), alone, 'the control: where no gate stands');
    if (undo) await refusedWhile(text, undo, /bos_app/);
  }
});

test('V35 V39 V50 a tenant makes no tables, temporary or inheriting, no rules, operators, functions or schemas', async () => {
  const texts = [
    'create temp table t (id int)',
    'create table crm.t (id int)',
    'create table public.t (like crm.contacts)',
    'create table crm.t () inherits (crm.contacts)',
    'create rule r as on select to crm.contacts do instead select 1',
    'create operator crm.=== (leftarg = text, rightarg = text, function = texteq)',
    "create function crm.f() returns int language sql as 'select 1'",
    "create function pg_temp.f() returns int language sql as 'select 1'",
    'create schema s',
    'create view crm.v as select 1',
  ];
  for (const text of texts) assert.equal(await raw(text), '42501', text);
});

test('V40 V41 a tenant reaches no large objects, files or programs', async () => {
  for (const call of ['lo_create(0)', "lo_import('/etc/passwd')", "pg_read_file('/etc/passwd')", "pg_ls_dir('.')"])
    assert.equal(await raw(`select ${call}`), '42501');
  for (const text of [
    "copy crm.contacts to program 'cat'",
    "copy crm.contacts to '/tmp/x'",
    "copy crm.contacts from '/etc/passwd'",
  ])
    assert.equal(await raw(text), '42501', text);
});

test('V43 V48 a tenant switches no triggers off and decodes no log', async () => {
  assert.equal(await raw("select set_config('session_replication_role', 'replica', true)"), '42501');
  assert.equal(await raw("select pg_create_logical_replication_slot('s', 'pgoutput')"), '42501');
  assert.equal(await raw("select * from pg_logical_slot_get_changes('s', null, null)"), '42501');
});

test('V47 one connection that serves tenants in turn shows each its own rows, prepared statements included', async () => {
  for (const tenant of [a, b, a, b]) {
    const { text } = await attempt(app, { tenant: seals.tenant(tenant).text }, 'select name from crm.contacts');
    assert.equal(text, JSON.stringify([{ name: stage.marker(tenant) }]));
  }
  await app.query('prepare all_names as select name from crm.contacts');
  for (const tenant of [a, b, a]) {
    assert.equal(
      (await attempt(app, { tenant: seals.tenant(tenant).text }, 'execute all_names')).text,
      JSON.stringify([{ name: stage.marker(tenant) }]),
    );
  }
  assert.equal((await attempt(app, {}, 'execute all_names')).state, '42501');
});

test('V53 no tenant reads the list of tenants, of homes or of placements', async () => {
  for (const relation of [
    'control.tenants',
    'control.onboardings',
    'directory.placements',
    'directory.clusters',
    'tenancy.homes',
    'seal.keys',
    'identity.persons',
  ]) {
    assert.equal(await raw(`select * from ${relation}`), '42501', relation);
  }
});

test('V168 a do block is refused by the server itself, whatever stands before it', async () => {
  assert.equal(await raw('do $$ begin perform 1; end $$'), '42501');
});

test('V174 V32 a tenant takes no advisory lock, so it cannot squat on another tenant’s fence', async () => {
  for (const call of [
    'pg_advisory_lock(1)',
    'pg_advisory_xact_lock(1)',
    'pg_try_advisory_lock(1)',
    `pg_advisory_xact_lock_shared(hashtextextended('${b}', 7411))`,
  ]) {
    assert.equal(await raw(`select ${call}`), '42501', call);
  }
});

test('V31 a tenant sends no notifications', async () => {
  assert.equal(await raw("select pg_notify('placements', 'x')"), '42501');
});

test('V168 the control: with the language granted a do block runs, and the server refuses to start', async () => {
  await refusedWhile(
    'grant usage on language plpgsql to bos_app',
    'revoke usage on language plpgsql from bos_app',
    /plpgsql/,
  );
  await db.admin.query('grant usage on language plpgsql to bos_app');
  assert.equal(await raw('do $$ begin perform 1; end $$'), 'ok');
  await db.admin.query('revoke usage on language plpgsql from bos_app');
});
