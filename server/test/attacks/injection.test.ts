import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tenancy } from '@businessos/tenancy';
import pg from 'pg';
import { openStage } from '../isolation/stage.ts';
import { fragments } from './fragments.ts';

const stage = await openStage();
const { db, a, b } = stage;
const foreign = stage.marker(b);
const tenancy = await db.tenancy({ connections: 1, multiplexed: 1 });
const inject = (table: string, fragment: string) => `select name from ${table} where name = '${fragment}'`;

/** The victim's own view through the very connections that the attack ran on. */
async function victimSees(kernel: Tenancy): Promise<string> {
  const read = { text: 'select name, email from crm.contacts order by name', values: [], label: 'victim_read' };
  return await kernel.withTenant(b, 's:victim', async () => {
    const shared = await kernel.query(read);
    const leased = await kernel.transaction(async (tx) => (await tx.query(read)).rows);
    return JSON.stringify([shared.rows, leased]);
  });
}

const ways: [way: string, run: (text: string) => Promise<unknown>][] = [
  ['one statement', (text) => tenancy.query({ text, values: [] })],
  ['one statement, prepared', (text) => tenancy.query({ text, values: [], label: 'injected' })],
  ['a leased transaction', (text) => tenancy.transaction((tx) => tx.query({ text, values: [] }))],
  ['the pool object', (text) => tenancy.pool.query(text)],
];

for (const [name, fragment] of Object.entries(fragments(b, 'crm.contacts'))) {
  test(`injection: ${name} reaches nothing of another tenant and leaves nothing behind`, async () => {
    const [before, view] = [await stage.fingerprint(b), await victimSees(tenancy)];
    for (const [way, run] of ways) {
      const answer = await tenancy.withTenant(a, 's:attack', () =>
        run(inject('crm.contacts', fragment)).then(
          (result) => JSON.stringify((result as pg.QueryResult).rows),
          (error: Error) => error.message,
        ),
      );
      assert.ok(!answer.includes(foreign), `${way}: ${answer.slice(0, 200)}`);
      assert.ok(!/\d{10}\.[0-9a-f]{64}/.test(answer), `${way} shows a seal`);
      assert.equal(await victimSees(tenancy), view, `${way} changed what the victim sees`);
      assert.equal(await stage.fingerprint(b), before, `${way} changed the victim's rows`);
      // a write of the victim on the same connections still lands with the victim
      await tenancy.withTenant(b, 's:victim', () =>
        tenancy.query({ text: "update crm.contacts set phone = 'ö' where phone = 'ö'", values: [] }),
      );
    }
  });
}

test('the control: under the usual policy on a plain setting the same fragments do leak, so the suite can see a leak', async () => {
  await db.admin.query(`
    create schema usual; grant usage on schema usual to bos_app;
    create table usual.contacts (tenant_id uuid, name text);
    insert into usual.contacts select tenant_id, name from crm.contacts;
    alter table usual.contacts enable row level security;
    create policy p on usual.contacts using (tenant_id = current_setting('app.current_tenant_id')::uuid);
    grant select, update, delete on usual.contacts to bos_app`);
  const client = new pg.Client(db.connection('bos_app') as pg.ClientConfig);
  client.on('error', () => {});
  await client.connect();
  const leaks: string[] = [];
  const left: string[] = [];
  for (const [name, fragment] of Object.entries(fragments(b, 'usual.contacts'))) {
    await client.query('reset all');
    await client.query("select set_config('app.current_tenant_id', $1, false)", [a]);
    const answer = await client.query(inject('usual.contacts', fragment)).then(
      (result) => JSON.stringify(Array.isArray(result) ? result.map(({ rows }) => rows) : result.rows),
      (error: Error) => error.message,
    );
    if (answer.includes(foreign)) leaks.push(name);
    // whoever has the connection next without a scope of his own
    const next = await client.query('select name from usual.contacts').then(
      ({ rows }) => JSON.stringify(rows),
      () => '',
    );
    if (next.includes(foreign)) left.push(name);
    await client.query('rollback').catch(() => {});
    if (name === 'terminate') break;
  }
  await client.end().catch(() => {});
  assert.ok(
    leaks.includes('set_config in the same select') || leaks.includes('set_config before the scan'),
    `leaks: ${leaks.join(', ')}`,
  );
  assert.ok(leaks.includes('stacked set'));
  assert.ok(left.includes('set_config for the session'), `left behind: ${left.join(', ')}`);
});
