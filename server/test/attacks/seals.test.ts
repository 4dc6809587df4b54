import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attempt, openStage } from '../isolation/stage.ts';
import { checks } from './checks.ts';

const stage = await openStage();
const { db, a, b, seals } = stage;
const app = await stage.connect('bos_app');
test.after(() => app.end());
const READ = 'select name from crm.contacts';

test('V181 a malformed seal is one and the same 42501, whatever is wrong with it', async () => {
  await checks.malformedSealsAreRefused(stage);
});

test('V45 a savepoint that is rolled back takes the setting back with it', async () => {
  await app.query('begin');
  await app.query("select set_config('app.current_tenant_id', $1, true)", [seals.tenant(a).text]);
  await app.query("savepoint s; select set_config('app.current_tenant_id', 'garbage', true)");
  await app.query('rollback to s');
  assert.equal((await app.query(READ)).rows[0].name, stage.marker(a));
  await app.query('rollback');
});

test('V44 a deferred check sees the seal of its transaction, and a crossing row fails at COMMIT', async () => {
  await app.query('begin');
  await app.query(
    "select set_config('app.current_tenant_id', $1, true), set_config('app.current_principal', $2, true)",
    [seals.tenant(a).text, seals.principal(a, 's:attack', 'r').text],
  );
  await app.query('set constraints all deferred');
  await app.query("insert into crm.contacts (name, company_id) values ('x', '00000000-0000-4000-8000-00000000dddd')");
  await assert.rejects(app.query('commit'), { code: '23503' });
});

test('V182 PostgreSQL would take a second tenant’s seal in one transaction: only the kernel holds seals, and refuses', async () => {
  await app.query('begin');
  for (const tenant of [a, b]) {
    await app.query("select set_config('app.current_tenant_id', $1, true)", [seals.tenant(tenant).text]);
    assert.equal((await app.query(READ)).rows[0].name, stage.marker(tenant));
  }
  await app.query('rollback');
  const tenancy = await db.tenancy();
  await tenancy.withTenant(a, 's:attack', () =>
    tenancy.transaction(async (tx) => {
      await tx.query({ text: READ, values: [] });
      assert.throws(() => tenancy.withTenant(b, 's:attack', () => tx.query({ text: READ, values: [] })), {
        code: 'SCOPE_SWITCH',
      });
    }),
  );
});

test('V183 V147 a tenant that is fenced for a move deletes nothing, and a writer that waited behind the fence is refused', async () => {
  const writer = { tenant: seals.tenant(a).text, principal: seals.principal(a, 's:attack', 'r').text };
  await db.admin.query('begin');
  await db.admin.query('select pg_advisory_xact_lock(hashtextextended($1, 7411))', [a]);
  const waiting = attempt(app, writer, 'delete from crm.contacts');
  await db.admin.query("update tenancy.homes set state = 'fenced' where tenant_id = $1", [a]);
  await db.admin.query('commit');
  assert.equal((await waiting).state, 'BTFNC');
  for (const text of [
    'delete from crm.contacts',
    'merge into crm.contacts t using (select 1) s on true when matched then delete',
  ])
    assert.equal((await attempt(app, writer, text)).state, 'BTFNC');
  await db.admin.query("update tenancy.homes set state = 'home' where tenant_id = $1", [a]);
  assert.equal((await attempt(app, writer, 'delete from crm.contacts')).count, 1);
});

test('V30 neither seals nor values stand in pg_stat_activity or the log', async () => {
  const tenancy = await db.tenancy();
  const secret = `secret-${a}`;
  const running = tenancy.withTenant(a, 's:attack', () =>
    tenancy.query({ text: 'select pg_sleep(0.4), $1::text', values: [secret] }, { writes: true }),
  );
  await new Promise((resolve) => setTimeout(resolve, 150));
  const { rows } = await db.admin.query('select query from pg_stat_activity where datname = current_database()');
  await running;
  const seen = JSON.stringify(rows);
  assert.ok(seen.includes('pg_sleep'));
  assert.ok(!seen.includes(secret) && !seen.includes(seals.tenant(a).text.slice(0, 60)) && !/[0-9a-f]{64}/.test(seen));
  assert.equal((await db.admin.query('show log_parameter_max_length')).rows[0].log_parameter_max_length, '0');
});
