import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import { checkCommand, checkStatement, firstKeyword } from '../src/gate.ts';
import { Plans } from '../src/plan.ts';
import { testDatabase } from '../src/testing.ts';

const db = await testDatabase();
const client = new pg.Client(db.adminUrl);
client.on('error', () => {}); // the database is dropped before it
await client.connect();
after(() => client.end());

/** The command tag that PostgreSQL itself gives, or undefined where it refuses the text. */
async function tagOf(text: string): Promise<string | undefined> {
  return await client.query({ text, values: [], queryMode: 'extended' } as pg.QueryConfig).then(
    ({ command }) => command?.toLowerCase(),
    () => undefined,
  );
}

test('the keyword scanner agrees with PostgreSQL on random blanks, comments and parentheses', async () => {
  const piece = fc.constantFrom(
    ' ',
    '\t',
    '\n',
    '\r',
    '\f',
    '\v',
    '--x\n',
    '--\r',
    '/* a */',
    '/* /* b */ */',
    '/*--*/',
    '/**/',
    '(',
    '\u00a0',
    '\u2003',
    ';',
    '/*',
    '*/',
    '-',
  );
  const body = fc.constantFrom(
    'select 1',
    'values (1)',
    'set x.y = 1',
    'show x.y',
    'SELECT 1',
    'selectx 1',
    'listen z',
    'table pg_am',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 6 }), body, async (prefix, statement) => {
      const open = prefix.filter((part) => part === '(').length;
      const text = `${prefix.join('')}${statement}${')'.repeat(open)}`;
      const tag = await tagOf(text);
      let passed = true;
      try {
        checkStatement(text);
      } catch {
        passed = false;
      }
      // what the gate lets pass is a data statement to PostgreSQL, or an error
      if (passed) assert.ok(tag === undefined || tag === 'select', `${JSON.stringify(text)} ran as ${tag}`);
      // and what PostgreSQL takes for a plain select is not refused
      if (tag === 'select' && !prefix.includes(';')) assert.ok(passed, `${JSON.stringify(text)} was refused`);
    }),
    { numRuns: 600 },
  );
});

test('the first keyword is found behind everything that PostgreSQL skips, and nothing else', () => {
  const cases: [text: string, keyword: string][] = [
    ['  /* a /* b */ c */ -- d\n ( ( SeLeCt 1', 'select'],
    ['/* never closed select', ''],
    ['-- select', ''],
    ['', ''],
    ['select1', 'select1'],
    ['select$1', 'select$1'],
    ['sélect 1', 'sélect'],
    ['; select 1', ''],
    ['"select" 1', ''],
  ];
  for (const [text, keyword] of cases) assert.equal(firstKeyword(text), keyword, JSON.stringify(text));
});

test('in a lease a transaction command matches as a whole or not at all', () => {
  const good: [text: string, kind: string][] = [
    ['BEGIN', 'begin'],
    ['begin;', 'begin'],
    [' start transaction isolation level serializable, read only, deferrable ', 'begin'],
    ['begin isolation  level\nrepeatable read read write', 'begin'],
    ['commit work', 'commit'],
    ['END', 'commit'],
    ['rollback', 'rollback'],
    ['abort', 'rollback'],
    ['savepoint s1', 'savepoint'],
    ['savepoint "my point"', 'savepoint'],
    ['release savepoint s1', 'release'],
    ['rollback to savepoint s1', 'rollbackTo'],
    ['set constraints all deferred', 'constraints'],
    ['with x as (select 1) select * from x', 'data'],
  ];
  for (const [text, kind] of good) assert.equal(checkCommand(text).kind, kind, text);
  const bad = [
    'begin; drop table x',
    'begin -- x',
    'begin /* x */ isolation level serializable',
    'commit and chain',
    "commit prepared 'x'",
    "prepare transaction 'x'",
    'savepoint a; drop table x',
    'savepoint "a""b"',
    'rollback and chain',
    'set constraints x deferred',
    'set transaction read write',
    'set local x = 1',
    'begin isolation level chaos',
    'end; select 1',
    'releases x',
    'savepointx',
    'begin\u00a0',
  ];
  for (const text of bad) assert.throws(() => checkCommand(text), { code: 'REFUSED' }, text);
});

test('a NUL never reaches the wire, where it would end the text early', () => {
  assert.throws(() => new Plans().of({ text: 'select 1\0; drop table x', values: [] }), { code: 'REFUSED' });
});

test('only select, values and table are reads; everything else brings its principal', () => {
  assert.deepEqual(
    [
      'select 1',
      'values (1)',
      'table x',
      'insert into x values (1)',
      'with x as (select 1) select 1',
      'merge into x using y on true when matched then delete',
    ].map((text) => checkStatement(text).writes),
    [false, false, false, true, true, true],
  );
});
