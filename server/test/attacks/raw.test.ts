import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { openStage } from '../isolation/stage.ts';
import { hostileTexts } from './fragments.ts';

/**
 * The SQLSTATE with which PostgreSQL itself refuses a text where no gate stands. What is not named is answered, with
 * the attacker's own rows only.
 */
const refusals: Record<string, string> = {
  // no seal is valid once the setting was touched
  'stacked set': '42501',
  'select as set, stacked': '42501',
  'set_config in a lateral': '42501',
  'prepared and executed': '42501',
  'savepoint games': '42501',
  'commit, then without a scope': '42501',
  'commit, then a kept setting': '42501',
  'query_to_xml with set_config': '42501',
  'delete behind set_config': '42501',
  'update behind set_config': '42501',
  'insert behind set_config': '42501',
  'insert by a row that sets': '42501',
  'merge into the victim': '42501',
  'values that set': '42501',
  'a recursive query': '42501',
  // with check, and tenant_id that nobody may update
  'insert for the victim': '42501',
  'move a row to the victim': '42501',
  // the languages, and the right to make anything
  'do block': '42501',
  'do block that sets': '42501',
  'temporary function with a set clause': '42501',
  'temporary function that sets': '42501',
  'temporary copy of the table': '42501',
  'select into': '3F000',
  'alter the policy': '42501',
  // functions and roles that are not the app's
  role: '42501',
  'set role': '42501',
  'advisory lock': '42501',
  notify: '42501',
  listen: '42501',
  terminate: '42501',
  'large object': '42501',
  'read a file': '42501',
  'copy to a program': '42501',
  'the tenants': '42501',
  'the seal keys': '42501',
  'the persons': '42501',
  dblink: '42883',
  // SQL inside of functions that read only
  'query_to_xml with set': '0A000',
  'query_to_xml with do': '0A000',
  'ts_stat with a utility': '42P11',
  cursor_to_xml: '34000',
  'discard all': '25001',
  // counts no row of the victim, so it divides by zero
  'division by zero': '22012',
};

const stage = await openStage();
const { a, b, seals } = stage;

/** One scoped transaction by hand, as the kernel sends it but without its gate. */
async function lease(client: pg.Client, tenant: string, text: string): Promise<{ state: string; told: string }> {
  try {
    await client.query('begin');
    await client.query('reset all');
    await client.query(
      "select 1 where set_config('app.current_tenant_id', $1, true) is null or set_config('app.current_principal', $2, true) is null or pg_advisory_unlock_all()::text is null",
      [seals.tenant(tenant).text, seals.principal(tenant, 's:raw', 'r1').text],
    );
    // the simple protocol, in which stacked statements run
    const result: pg.QueryResult | pg.QueryResult[] = await client.query(text);
    await client.query('commit');
    return { state: 'ok', told: JSON.stringify(Array.isArray(result) ? result.map(({ rows }) => rows) : result.rows) };
  } catch (error) {
    const { code = 'lost', message, detail = '', where = '' } = error as pg.DatabaseError;
    await client.query('rollback').catch(() => {});
    return { state: code, told: `${message} ${detail} ${where}` };
  }
}

const texts = hostileTexts(b, 'crm.contacts');
for (const [what, text] of texts) {
  test(`raw: ${what} reaches nothing of another tenant where no gate stands`, async () => {
    const client = await stage.connect('bos_app');
    const copied: string[] = [];
    (client as unknown as { connection: NodeJS.EventEmitter }).connection.on('copyData', (part: { chunk: Buffer }) =>
      copied.push(part.chunk.toString()),
    );
    try {
      const before = await stage.fingerprint(b);
      const { state, told } = await lease(client, a, text);
      assert.equal(state, refusals[what] ?? 'ok');
      assert.ok(![told, ...copied].join().includes(stage.marker(b)), told.slice(0, 300));
      assert.equal(await stage.fingerprint(b), before);
      // whatever it left in the session: the victim's next write lands with the victim, or is refused
      const own = await stage.fingerprint(a);
      const next = await lease(client, b, 'update crm.contacts set touched_at = now() returning name');
      assert.ok(next.state !== 'ok' || next.told === JSON.stringify([{ name: stage.marker(b) }]), next.told);
      assert.equal(await stage.fingerprint(a), own);
    } finally {
      await client.end().catch(() => {});
    }
  });
}

test('every refusal that is listed belongs to a text', () => {
  const known = new Set(texts.map(([what]) => what));
  assert.deepEqual(
    Object.keys(refusals).filter((what) => !known.has(what)),
    [],
  );
});
