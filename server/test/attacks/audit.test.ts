import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attempt, openStage } from '../isolation/stage.ts';

const stage = await openStage();
const { db, a, b, seals } = stage;
const note = "select audit.note('attack', 'target', '{}')";
const sealed = (tenant: string, principal: string, request = 'r1') => ({
  tenant: seals.tenant(tenant).text,
  principal: seals.principal(tenant, principal, request).text,
});

/** Writes one entry of a tenant, to stay. */
async function noted(tenant: string): Promise<void> {
  const app = await stage.connect('bos_app');
  await app.query('begin');
  const { tenant: whose, principal } = sealed(tenant, 's:attack', `r-${tenant}`);
  await app.query(
    "select set_config('app.current_tenant_id', $1, true), set_config('app.current_principal', $2, true)",
    [whose, principal],
  );
  await app.query(note);
  await app.query('commit');
  await app.end();
}

async function partitions(): Promise<string[]> {
  const { rows } = await db.admin.query<{ name: string }>(
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit.entries'::regclass order by 1",
  );
  return rows.map(({ name }) => name);
}

test('V38 a partition that is asked directly is closed, and were it granted it would show the own rows only', async () => {
  for (const tenant of [a, b]) await noted(tenant);
  const names = await partitions();
  assert.ok(names.length > 1);
  for (const role of ['bos_app', 'bos_identity', 'bos_control']) {
    const client = await stage.connect(role);
    for (const name of names) {
      for (const seal of [{}, sealed(a, 's:attack')]) {
        for (const text of [
          `select * from ${name}`,
          `copy ${name} to stdout`,
          `insert into ${name} select * from ${name}`,
          `update ${name} set body = body`,
          `delete from ${name}`,
          `truncate ${name}`,
        ])
          assert.equal((await attempt(client, seal, text)).state, '42501', `${role}: ${text}`);
      }
    }
    await client.end();
  }
  const app = await stage.connect('bos_app');
  let seen = 0;
  for (const name of names) {
    await db.admin.query(`grant select on ${name} to bos_app`);
    assert.equal((await attempt(app, {}, `select tenant_id from ${name}`)).state, '42501');
    for (const tenant of [a, b]) {
      const { count, text } = await attempt(app, sealed(tenant, 's:attack'), `select distinct tenant_id from ${name}`);
      seen += count;
      assert.ok(count === 0 || text === JSON.stringify([{ tenant_id: tenant }]), `${name}: ${text}`);
    }
    await db.admin.query(`revoke select on ${name} from bos_app`);
  }
  assert.equal(seen, 2, 'each tenant saw its own rows, in the month of today');
  await app.end();
});

test('V185 an entry names the sealed tenant, principal and request, whatever else is said, and nobody changes it', async () => {
  const app = await stage.connect('bos_app');
  const read = 'select tenant_id, principal, request_id from audit.entries order by id desc limit 1';
  await app.query('begin');
  const { tenant, principal } = sealed(a, 'u:somebody', 'r-185');
  await app.query(
    "select set_config('app.current_tenant_id', $1, true), set_config('app.current_principal', $2, true), set_config('app.principal', 'u:another', true)",
    [tenant, principal],
  );
  await app.query(note);
  assert.deepEqual((await app.query(read)).rows, [{ tenant_id: a, principal: 'u:somebody', request_id: 'r-185' }]);
  await app.query('rollback');
  const real = sealed(a, 'u:somebody');
  for (const other of [
    '',
    seals.principal(b, 'u:somebody', 'r1').text,
    real.principal.replace('u:somebody', 'u:nobodies'),
    real.principal.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
  ]) {
    const { state } = await attempt(app, { tenant: real.tenant, principal: other }, note);
    assert.notEqual(state, 'ok', other);
  }
  const own = await attempt(app, real, read);
  assert.equal(own.state, 'ok', 'the control: the own entries are read');
  for (const text of [
    "insert into audit.entries (tenant_id, principal) values (gen_random_uuid(), 'u:x')",
    "update audit.entries set principal = 'u:x'",
    'delete from audit.entries',
    'truncate audit.entries',
  ])
    assert.equal((await attempt(app, real, text)).state, '42501', text);
  await app.end();
});
