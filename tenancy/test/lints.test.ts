import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Finding, type Lint, readLints, runLints } from '../src/lint.ts';
import { testDatabase } from '../src/testing.ts';

const DIRECTORY = new URL('../lints/', import.meta.url);
const LINTS = readLints();
/** `lintbug_app` exists only where a planted bug makes it. */
const ROLES = ['bos_app', 'lintbug_app'];
/** Lints about the server, whose findings depend on where the tests run. */
const ABOUT_THE_SERVER = new Set(['L35', 'L36', 'L37', 'L44', 'L45']);

const { admin } = await testDatabase();

const sqlOf = (lint: Lint, kind: 'bug' | 'clean') => readFileSync(new URL(`${lint.id}.${kind}.sql`, DIRECTORY), 'utf8');
const textOf = ({ object, detail }: Finding) => `${object}: ${detail}`;
const findingsOf = (lint: Lint) => runLints(admin, { roles: ROLES, only: [lint.id] });

/** Runs `work` with what one file plants, then takes it back; `found` are the findings that were not there before. */
async function planted<T>(lint: Lint, kind: 'bug' | 'clean', work: (found: Finding[]) => T | Promise<T>): Promise<T> {
  await admin.query('begin');
  try {
    const before = new Set((await findingsOf(lint)).map(textOf));
    await admin.query(sqlOf(lint, kind));
    return await work((await findingsOf(lint)).filter((finding) => !before.has(textOf(finding))));
  } finally {
    await admin.query('rollback');
  }
}

test('every lint has a title, a severity, a boot flag, a reason, a planted bug and a clean twin', () => {
  assert.ok(LINTS.length > 0);
  const files = new Set(readdirSync(DIRECTORY));
  for (const { id, title, severity, boot, why, query } of LINTS) {
    assert.ok(title.length >= 5, `${id} title`);
    assert.ok(['error', 'warning', 'info'].includes(severity), `${id} severity`);
    assert.match(query, /^-- boot: (yes|no)$/m, `${id} boot`);
    assert.ok(!boot || severity === 'error', `${id}: a server refuses to start on errors only`);
    assert.ok(why.length >= 40, `${id} why`);
    for (const kind of ['bug', 'clean']) assert.ok(files.delete(`${id}.${kind}.sql`), `${id}.${kind}.sql`);
    files.delete(`${id}.sql`);
  }
  assert.deepEqual([...files], [], 'files of no lint');
  assert.equal(new Set(LINTS.map(({ id }) => id)).size, LINTS.length);
  assert.equal(new Set(LINTS.map(({ title }) => title)).size, LINTS.length);
});

for (const lint of LINTS) {
  test(`${lint.id} finds its planted bug and not its clean twin`, async () => {
    const bug = sqlOf(lint, 'bug');
    const expected = [...bug.matchAll(/^-- finds: (.+)$/gm)].map(([, object]) => object);
    await planted(lint, 'bug', (found) => {
      for (const finding of found) {
        assert.ok(finding.object && finding.detail && finding.fix, JSON.stringify(finding));
        assert.equal(finding.id, lint.id);
      }
      if (expected.length > 0) {
        assert.deepEqual([...new Set(found.map(({ object }) => object))].sort(), expected.sort());
      } else {
        // a bug in a setting or an extension has no name of its own
        const names = bug.match(/\blintbug_\w+/g) ?? [''];
        const named = found.filter((finding) => names.some((name) => textOf(finding).includes(name)));
        assert.notEqual(named.length, 0, `found nothing of what was planted: ${found.map(textOf).join('; ')}`);
      }
    });
    await planted(lint, 'clean', (found) => assert.deepEqual(found.map(textOf), []));
  });
}

test('every lint finds the same as the app role, which is who looks when a server starts', async () => {
  for (const lint of LINTS) {
    await planted(lint, 'bug', async () => {
      const asAdmin = await findingsOf(lint);
      await admin.query('set local role bos_app');
      const asApp = await findingsOf(lint);
      if (lint.boot) assert.deepEqual(asApp, asAdmin, lint.id);
    });
  }
});

test('the SQL that a lint proposes cures what it found', async () => {
  let cured = 0;
  for (const lint of LINTS) {
    await planted(lint, 'bug', async (found) => {
      // without a semicolon it is an act for a person
      const sql = found.filter(({ fix }) => /;( --.*)?$/.test(fix));
      for (const { fix } of sql) await admin.query(fix);
      const left = new Set((await findingsOf(lint)).map(textOf));
      for (const finding of sql) assert.ok(!left.has(textOf(finding)), `${lint.id}: ${finding.fix}`);
      cured += sql.length;
    });
  }
  assert.ok(cured > 0);
});

test("the kernel's own schema has no findings of severity error or warning", async () => {
  const findings = await runLints(admin, { roles: ['bos_app'] });
  const wrong = findings.filter(({ id, severity }) => severity !== 'info' && !ABOUT_THE_SERVER.has(id));
  assert.deepEqual(
    wrong.map((finding) => `${finding.id} ${textOf(finding)}`),
    [],
  );
});

test('a database without the kernel is judged by what every schema shares', async () => {
  await admin.query('begin');
  try {
    await admin.query(`drop schema tenancy, seal cascade;
      create schema shop;
      create table shop.orders (tenant_id uuid not null, id uuid primary key);
      alter table shop.orders enable row level security;
      create policy mine on shop.orders using (tenant_id = (select current_setting('shop.tenant', true)::uuid));
      create policy support on shop.orders for select using (true)`);
    const found = await runLints(admin, { roles: ['bos_app'] });
    const about = (id: string) => found.filter((finding) => finding.id === id).map(textOf);
    assert.deepEqual(about('L02'), ['shop.orders: row security does not hold for the owner postgres']);
    assert.deepEqual(about('L08'), [
      'shop.orders policy support: permissive policy whose using expression does not name tenant_id',
    ]);
    assert.deepEqual(about('L10'), ['shop.orders orders_pkey: primary key without tenant_id']);
    assert.deepEqual(about('L03'), []);
  } finally {
    await admin.query('rollback');
  }
});

test('a not null that old rows need not meet is a finding of L04', async (t) => {
  const { rows } = await admin.query<{ version: number }>(
    "select current_setting('server_version_num')::int as version",
  );
  if ((rows[0]?.version ?? 0) < 180_000) return t.skip('needs PostgreSQL 18');
  await admin.query('begin');
  try {
    await admin.query(`create schema lintbug_s; create table lintbug_s.late (tenant_id uuid, id uuid);
      alter table lintbug_s.late add constraint filled not null tenant_id not valid`);
    assert.deepEqual((await runLints(admin, { roles: [], only: ['L04'] })).map(textOf), [
      'lintbug_s.late: tenant_id may be null',
    ]);
  } finally {
    await admin.query('rollback');
  }
});
