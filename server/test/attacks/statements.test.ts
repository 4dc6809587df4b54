import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { attempt, openStage } from '../isolation/stage.ts';

/**
 * Statements that are no data statements, and what PostgreSQL says to the app role where no gate stands: a SQLSTATE, or
 * `ok` where the gate is the only guard, since every role may run them.
 */
const statements: [id: string, text: string, raw: string][] = [
  ['V26', 'truncate crm.contacts', '42501'],
  ['V28', 'lock table crm.contacts in access exclusive mode', 'ok'],
  ['V31', 'listen placements', 'ok'],
  ['V31', "notify placements, 'x'", 'ok'],
  ['V33', 'alter role bos_app superuser', '42501'],
  ['V33', 'alter role bos_control nologin', '42501'],
  ['V33', 'reset session authorization', 'ok'],
  ['V34', 'set statement_timeout = 0', 'ok'],
  ['V34', "set local work_mem = '1GB'", 'ok'],
  ['V35', 'create temporary table t (id int)', '42501'],
  ['V36', 'declare c cursor with hold for select name from crm.contacts', 'ok'],
  ['V39', 'create table crm.t (like crm.contacts)', '42501'],
  ['V41', 'copy crm.contacts (name) from stdin', '0A000'],
  ['V41', "copy (select 1) to program 'cat'", '42501'],
  ['V42', 'set row_security = off', 'ok'],
  ['V43', "set session_replication_role = 'replica'", '42501'],
  ['V43', 'alter table crm.contacts disable trigger all', '42501'],
  ['V48', 'create publication p for table crm.contacts', '42501'],
  ['V50', 'create rule r as on delete to crm.contacts do instead nothing', '42501'],
  ['V50', 'create statistics crm.s on name, email from crm.contacts', '42501'],
  ['V50', 'create trigger t before insert on crm.contacts for each row execute function crm.bump()', '42501'],
  ['V51', 'do $$ begin perform 1; end $$', '42501'],
  ['V51', 'prepare p as select 1', 'ok'],
  ['V51', 'call crm.p()', '42883'],
  ['V172', 'deallocate all', 'ok'],
  ['V172', 'discard plans', 'ok'],
  ['V22', 'explain select * from crm.contacts', 'ok'],
  ['V24', 'analyze crm.contacts', 'ok'],
];

const stage = await openStage();
const { a, b, seals } = stage;
const kernel = await stage.db.tenancy({ connections: 1, multiplexed: 1 });
const app = await stage.connect('bos_app');
test.after(() => app.end());
const own = { tenant: seals.tenant(a).text, principal: seals.principal(a, 's:attack', 'r').text };

const ways: [way: string, run: (text: string) => Promise<pg.QueryResult>][] = [
  ['one statement', (text) => kernel.query({ text, values: [] })],
  ['one that writes', (text) => kernel.query({ text, values: [], label: 'labelled' }, { writes: true })],
  ['a transaction', (text) => kernel.transaction((tx) => tx.query({ text, values: [] }))],
  ['the pool object', (text) => kernel.pool.query(text)],
  [
    'a client of the pool object',
    async (text) => {
      const client = await kernel.pool.connect();
      return await client.query(text).finally(() => client.release());
    },
  ],
  ['behind a comment', (text) => kernel.query({ text: `/* select /* */ 1 */ -- select\n ${text}`, values: [] })],
];

for (const [id, text, raw] of statements) {
  const guard = raw === 'ok' ? 'by the gate alone' : `by the gate, and by PostgreSQL with ${raw}`;
  test(`${id} '${text}' is refused ${guard}`, async () => {
    for (const [way, run] of ways) {
      await assert.rejects(
        kernel.withTenant(a, 's:attack', () => run(text)),
        { code: 'REFUSED' },
        way,
      );
    }
    // and as SQL inside of a function that takes SQL
    for (const call of [`query_to_xml($q$${text}$q$, true, true, '')`, `ts_rewrite('a'::tsquery, $q$${text}$q$)`]) {
      assert.match((await attempt(app, own, `select ${call}`)).state, /^(0A000|42P11|42883|22000|22023)$/, call);
    }
    assert.equal((await attempt(app, own, text)).state, raw);
  });
}

test('V41 copy to the client, where no gate stands, shows the own rows only', async () => {
  const copied: string[] = [];
  (app as unknown as { connection: NodeJS.EventEmitter }).connection.on('copyData', (part: { chunk: Buffer }) =>
    copied.push(part.chunk.toString()),
  );
  assert.equal((await attempt(app, own, 'copy crm.contacts to stdout')).state, 'ok');
  assert.ok(copied.join('').includes(stage.marker(a)) && !copied.join('').includes(stage.marker(b)));
  assert.equal((await attempt(app, {}, 'copy crm.contacts to stdout')).state, '42501');
});

test('V36 a held cursor holds the rows of the seal under which it was declared', async () => {
  const client = await stage.connect('bos_app');
  await client.query('begin');
  await client.query("select set_config('app.current_tenant_id', $1, true)", [own.tenant]);
  await client.query('declare kept cursor with hold for select name from crm.contacts');
  await client.query('commit');
  assert.deepEqual((await client.query('fetch all from kept')).rows, [{ name: stage.marker(a) }]);
  await client.end();
  // no data statement declares one, and the next tenant of a connection has no statement that fetches
  await assert.rejects(
    kernel.withTenant(b, 's:attack', () => kernel.query({ text: 'fetch all from kept', values: [] })),
    { code: 'REFUSED' },
  );
});

test('V31 what a listener would hear holds nothing of a tenant: the serving roles may not send', async () => {
  const ear = await stage.connect('bos_app');
  const heard: string[] = [];
  ear.on('notification', ({ payload = '' }) => heard.push(payload));
  await ear.query('listen placements');
  assert.equal((await attempt(app, own, `select pg_notify('placements', '${stage.marker(b)}')`)).state, '42501');
  await ear.query('select 1');
  assert.deepEqual(heard, []);
  await ear.end();
});

test('V32 the locks that a tenant’s statements take are its own fence only, and end with the transaction', async () => {
  const client = await stage.connect('bos_app');
  await client.query('begin');
  await client.query(
    "select set_config('app.current_tenant_id', $1, true), set_config('app.current_principal', $2, true)",
    [own.tenant, own.principal],
  );
  await client.query('update crm.contacts set name = name');
  await client.query(`select tenancy.writing_tenant() from crm.contacts where tenant_id <> '${b}'`);
  const held = async () =>
    (
      await stage.db.admin.query(
        `select (classid::bigint << 32 | objid::bigint) = hashtextextended($1, 7411) as own, mode from pg_locks
         where locktype = 'advisory' and pid <> pg_backend_pid() and database = (select oid from pg_database where datname = current_database())`,
        [a],
      )
    ).rows;
  assert.deepEqual(await held(), [{ own: true, mode: 'ShareLock' }]);
  await client.query('rollback');
  assert.deepEqual(await held(), []);
  await client.end();
});
