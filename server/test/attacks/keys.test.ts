import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { attempt, openStage } from '../isolation/stage.ts';

/** Keys: what one tenant's unique values, references and cascades tell or do to another. */
const stage = await openStage();
const { db, a, b, seals } = stage;
const ONLY_B = '00000000-0000-4000-8000-00000000eeee';
await db.admin.query('insert into crm.companies (tenant_id, id, name) values ($1, $2, $3)', [
  b,
  ONLY_B,
  stage.marker(b),
]);
const sealOf = (tenant: string) => ({
  tenant: seals.tenant(tenant).text,
  principal: seals.principal(tenant, 's:attack', 'r').text,
});

/** Opens a transaction of the tenant on a raw connection; a wait for a lock fails at once. */
async function open(tenant: string): Promise<pg.Client> {
  const client = await stage.connect('bos_app');
  const { tenant: seal, principal } = sealOf(tenant);
  await client.query("begin; set local lock_timeout = '1s'");
  await client.query(
    "select set_config('app.current_tenant_id', $1, true), set_config('app.current_principal', $2, true)",
    [seal, principal],
  );
  return client;
}

async function close(...clients: pg.Client[]): Promise<void> {
  for (const client of clients) {
    await client.query('rollback').catch(() => {});
    await client.end();
  }
}

test('V14 V16 a reference to a record that only another tenant has fails like one to none, and locks nothing there', async () => {
  const told: string[] = [];
  for (const id of [ONLY_B, '00000000-0000-4000-8000-00000000ffff']) {
    for (const text of [
      'insert into crm.contacts (name, company_id) values ($2, $1)',
      'update crm.contacts set company_id = $1, name = $2',
    ]) {
      const client = await open(a);
      await client.query('savepoint s');
      const error = await client.query(text, [id, 'x']).then(
        () => assert.fail('the reference was taken'),
        ({ code, message, detail, constraint }: pg.DatabaseError) =>
          [code, message, detail?.replaceAll(id, '…'), constraint].join(' '),
      );
      told.push(`${text.slice(0, 6)} ${error}`);
      await client.query('rollback to savepoint s');
      // the attacker's transaction is still open: whoever works for B locks and deletes without waiting
      const other = await open(b);
      assert.equal(
        (await other.query('select from crm.companies where id = $1 for update nowait', [ONLY_B])).rowCount,
        1,
      );
      assert.equal((await other.query('delete from crm.companies where id = $1', [ONLY_B])).rowCount, 1);
      await close(client, other);
    }
  }
  assert.deepEqual(told.slice(0, 2), told.slice(2));
});

test('V15 a delete under a seal reaches no record of another tenant with the same id, by key or by cascade', async () => {
  const before = await stage.fingerprint(b);
  const client = await open(a);
  assert.equal((await client.query('delete from crm.companies')).rowCount, 1);
  assert.equal((await client.query('delete from crm.contacts')).rowCount, 1);
  await client.query('commit');
  await close(client);
  assert.equal(await stage.fingerprint(b), before);
});

test('V15 no foreign key of a tenant table cascades from a table that holds no tenant', async () => {
  const { rows } = await db.admin.query(
    `select k.conname from pg_constraint k join pg_class c on c.oid = k.conrelid and c.relrowsecurity
     join pg_class p on p.oid = k.confrelid and not p.relrowsecurity where k.contype = 'f' and k.confdeltype not in ('r', 'a')`,
  );
  assert.deepEqual(rows, []);
  const { rows: shared } = await db.admin.query<{ person_id: string }>(
    'select person_id from identity.memberships group by 1 having count(distinct tenant_id) = 2',
  );
  assert.equal(shared.length, 1);
  await assert.rejects(db.admin.query('delete from identity.persons where id = $1', [shared[0]?.person_id]), {
    code: /^23(001|503)$/,
  });
});

test('V17 every unique value that another tenant has is free: ids, e-mails, keys', async () => {
  const { rows } = await db.admin.query<{ t: string; row: Record<string, unknown> }>(
    `select t, row from (select 'crm.contacts' t, to_jsonb(c) row from crm.contacts c where tenant_id = $1 and email is not null
     union all select 'crm.companies', to_jsonb(c) from crm.companies c where tenant_id = $1
     union all select 'server.idempotency', to_jsonb(c) from server.idempotency c where tenant_id = $1) x`,
    [b],
  );
  assert.ok(rows.length >= 3);
  const client = await open(a);
  await client.query('delete from crm.contacts');
  await client.query('delete from crm.companies');
  await client.query('delete from server.idempotency');
  for (const { t, row } of rows) {
    const { tenant_id: _, name_key: __, email_key: ___, company_id: ____, ...values } = row;
    const names = Object.keys(values);
    const text = `insert into ${t} (${names.join(', ')}) select ${names.join(', ')} from jsonb_populate_record(null::${t}, $1)`;
    assert.equal((await client.query(text, [JSON.stringify(values)])).rowCount, 1, t);
  }
  await close(client);
});

test('V18 an uncommitted value of one tenant keeps nobody of another waiting', async () => {
  const values = "('00000000-0000-4000-8000-00000000abcd', 'x', 'squat@in.example')";
  const [squatter, other, same] = [await open(a), await open(b), await open(a)];
  const insert = `insert into crm.contacts (id, name, email) values ${values}`;
  await squatter.query(insert);
  assert.equal((await other.query(insert)).rowCount, 1);
  await same.query("set local lock_timeout = '50ms'");
  await assert.rejects(same.query(insert), { code: '55P03' }, 'the control: in the own tenant it does wait');
  await close(squatter, other, same);
});

test('V19 on conflict meets no row of another tenant: nothing is updated, evaluated or told', async () => {
  await db.admin.query(
    "insert into crm.contacts (tenant_id, id, name, email) values ($1, $2, $3, 'conflict@in.example')",
    [b, ONLY_B, stage.marker(b)],
  );
  const app = await stage.connect('bos_app');
  const before = await stage.fingerprint(b);
  const insert = `insert into crm.contacts as c (id, name, email) values ('${ONLY_B}', 'mine', 'conflict@in.example')`;
  for (const clause of [
    'on conflict do nothing',
    'on conflict (tenant_id, id) do update set name = c.name',
    'on conflict (tenant_id, email_key) where deleted_at is null do update set name = c.name where c.name::int = 1',
    'on conflict (tenant_id, email_key) where deleted_at is null do update set phone = (1 / length(left(c.name, 0)))::text',
    'on conflict on constraint contacts_pkey do update set name = c.name where 1 / length(left(c.name, 0)) = 1',
  ]) {
    const { state, text } = await attempt(app, sealOf(a), `${insert} ${clause} returning name`);
    assert.deepEqual([state, text], ['ok', '[{"name":"mine"}]'], clause);
  }
  for (const tenant of [`'${b}'`, 'default']) {
    const text = `insert into crm.contacts as c (tenant_id, id, name, email) values (${tenant}, '${ONLY_B}', 'mine', 'conflict@in.example')
      on conflict (tenant_id, id) do update set name = 'taken' returning name`;
    const { state, text: told } = await attempt(app, sealOf(a), text);
    assert.deepEqual([state, told.includes(stage.marker(b))], [tenant === 'default' ? 'ok' : '42501', false], told);
  }
  assert.equal(await stage.fingerprint(b), before);
  await app.end();
});

test('V46 a writer that waited for a row is judged by the home as it is when it goes on, not as it was', async () => {
  const tenant = await db.addTenant();
  await db.admin.query("insert into crm.companies (tenant_id, name) values ($1, 'old')", [tenant]);
  const first = await open(tenant);
  await first.query("update crm.companies set name = 'first'");
  const second = await open(tenant);
  await second.query("set local lock_timeout = '20s'");
  const waiting = second.query("update crm.companies set name = 'second'").then(
    () => 'ok',
    ({ code }: pg.DatabaseError) => code,
  );
  const blocked = async () =>
    (
      await db.admin.query(
        "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
      )
    ).rowCount;
  while ((await blocked()) === 0) await new Promise(setImmediate);
  await db.admin.query("update tenancy.homes set state = 'fenced' where tenant_id = $1", [tenant]);
  await first.query('commit');
  assert.equal(await waiting, 'BTFNC');
  await close(first, second);
  const { rows } = await db.admin.query('select name from crm.companies where tenant_id = $1', [tenant]);
  assert.deepEqual(rows, [{ name: 'first' }]);
});
