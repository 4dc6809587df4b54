import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStage } from '../isolation/stage.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** The attack list by id; ids are stable and never reused. A gap was never given. */
const listed = [
  ...[
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24, 25, 26, 28, 29, 30, 31, 32, 33,
    34, 35, 36, 37,
  ],
  ...[38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 50, 51, 52, 53, 54, 55, 56, 57, 59, 60, 61, 62, 63, 64],
  ...[168, 169, 170, 171, 172, 173, 174, 175, 176, 177, 178, 179, 180, 181, 182, 183, 184, 185, 186],
];

/** Attacks whose subject does not exist yet; `appears` finds its first appearance, and the test then fails. */
const pending: { id: number; what: string; appears: string; example: string }[] = [
  {
    id: 38,
    what: 'partitions queried directly',
    appears:
      "select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace where (c.relispartition or c.relkind = 'p') and n.nspname !~ '^pg_'",
    example: 'create table audit.e (tenant_id uuid, at timestamptz) partition by range (at)',
  },
  {
    id: 185,
    what: 'principal and request id as they stand in an audit entry (V185 of today asks the sealed principal only)',
    appears: "select 1 from pg_class where relnamespace = 'audit'::regnamespace and relkind in ('r', 'p')",
    example: 'create table audit.e (tenant_id uuid, principal text)',
  },
  {
    id: 186,
    what: 'writing AFTER ROW triggers recorded in the wrong order',
    // tgtype: 2 is BEFORE, 64 is INSTEAD OF
    appears: `select 1 from pg_trigger where not tgisinternal and tgtype & 66 = 0
      union all select 1 from pg_proc where pronamespace = 'audit'::regnamespace and prorettype = 'trigger'::regtype`,
    example: 'create trigger t after insert on crm.contacts for each row execute function crm.bump()',
  },
];

const names = globSync(['server/test/**/*.test.ts', 'tenancy/test/**/*.test.ts'], { cwd: ROOT })
  .flatMap((file) => [...readFileSync(join(ROOT, file), 'utf8').matchAll(/(?:test\(\s*|\[\s*)['"`]((?:V\d+ ?)+)/g)])
  .flatMap(([, ids = '']) => [...ids.matchAll(/V(\d+)/g)].map(([, id]) => Number(id)));

test('every attack of the list has a named test, or waits for its subject', () => {
  const missing = listed.filter((id) => !names.includes(id) && !pending.some((one) => one.id === id));
  assert.deepEqual(
    missing.map((id) => `V${id}`),
    [],
  );
});

test('an attack that waits still has no subject', async () => {
  const { db } = await openStage();
  for (const { id, what, appears, example } of pending) {
    assert.equal(
      (await db.admin.query(appears)).rowCount,
      0,
      `V${id} now has a subject (${what}): write its test and take it off this list`,
    );
    await db.admin.query(`begin; ${example}`);
    assert.notEqual((await db.admin.query(appears)).rowCount, 0, `V${id}: ${example} is not noticed`);
    await db.admin.query('rollback');
  }
});
