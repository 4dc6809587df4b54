import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tenancy } from '@businessos/tenancy';
import type pg from 'pg';
import { openStage } from '../isolation/stage.ts';
import { hostileTexts } from './fragments.ts';

const stage = await openStage();
const { db, a, b } = stage;
const foreign = stage.marker(b);
const tenancy = await db.tenancy({ connections: 1, multiplexed: 1 });

/** The victim's own view through the very connections that the attack ran on. */
async function victimSees(kernel: Tenancy): Promise<string> {
  const read = { text: 'select name, email from crm.contacts order by name', values: [], label: 'victim_read' };
  return await kernel.withTenant(b, 's:victim', async () => {
    const shared = await kernel.query(read);
    const leased = await kernel.transaction(async (tx) => (await tx.query(read)).rows);
    return JSON.stringify([shared.rows, leased]);
  });
}

const ways: [way: string, run: (text: string) => Promise<pg.QueryResult>][] = [
  ['one statement', (text) => tenancy.query({ text, values: [] })],
  ['one statement, prepared', (text) => tenancy.query({ text, values: [], label: 'injected' })],
  ['a leased transaction', (text) => tenancy.transaction((tx) => tx.query({ text, values: [] }))],
  ['the pool object', (text) => tenancy.pool.query(text)],
  [
    'a client of the pool object',
    async (text) => {
      const client = await tenancy.pool.connect();
      try {
        await client.query('begin');
        await client.query('savepoint s');
        const result = await client.query(text);
        await client.query('commit');
        return result;
      } finally {
        client.release();
      }
    },
  ],
];

/** Everything that came back, or everything that the error tells, to the operator too. */
function told(error: Error & { code?: string; detail?: string; where?: string; cause?: unknown }): string {
  const { message, detail, where, cause } = error;
  return [message, detail, where, cause instanceof Error ? told(cause) : ''].join(' ');
}

for (const [what, text] of hostileTexts(b, 'crm.contacts')) {
  test(`injection: ${what} reaches nothing of another tenant and leaves nothing behind`, async () => {
    const view = await victimSees(tenancy);
    for (const [way, run] of ways) {
      const before = await stage.fingerprint(b);
      const answer = await tenancy.withTenant(a, 's:attack', () =>
        run(text).then(({ rows }) => JSON.stringify(rows), told),
      );
      assert.ok(!answer.includes(foreign), `${way}: ${answer.slice(0, 200)}`);
      assert.ok(!/\d{10}\.[0-9a-f]{64}/.test(answer), `${way} shows a seal`);
      assert.equal(await victimSees(tenancy), view, `${way} changed what the victim sees`);
      assert.equal(await stage.fingerprint(b), before, `${way} changed the victim's rows`);
      // a write of the victim on the same connections lands with the victim and nowhere else
      const own = await stage.fingerprint(a);
      const written = await tenancy.withTenant(b, 's:victim', () =>
        tenancy.query({ text: "update crm.contacts set phone = 'ö\\' returning tenant_id", values: [] }),
      );
      assert.deepEqual(written.rows, [{ tenant_id: b }], way);
      assert.equal(await stage.fingerprint(a), own, `${way}: the victim's write reached the attacker`);
    }
  });
}
