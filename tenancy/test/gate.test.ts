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

test('what PostgreSQL skips and what the gate skips is the same character by character', async () => {
  const texts: string[] = [];
  for (let code = 1; code < 0x3100; code += code < 0x100 ? 1 : 61) texts.push(`${String.fromCharCode(code)}select 1`);
  for (const blank of ['\u1680', '\u180e', '\u2028', '\u2029', '\u202f', '\u205f', '\u3000', '\ufeff', '\u0085'])
    texts.push(`${blank}select 1`, `select${blank}1`);
  for (const text of texts) {
    let passed = true;
    try {
      checkStatement(text);
    } catch {
      passed = false;
    }
    const tag = await tagOf(text);
    // before 16 the vertical tab was no blank to PostgreSQL: the gate lets it pass and the server refuses
    if (passed) assert.ok(tag === undefined || tag === 'select', JSON.stringify(text));
    // an empty statement in front is dropped by PostgreSQL, and refused here
    else if (text[0] !== ';') assert.notEqual(tag, 'select', `${JSON.stringify(text)} was refused`);
  }
});

test('a command keeps its meaning under random case and blanks, and loses it with anything else inside', () => {
  const command = fc.constantFrom(
    'begin',
    'start transaction isolation level serializable',
    'commit work',
    'rollback',
    'savepoint s1',
    'release savepoint s1',
    'rollback to savepoint s1',
    'set constraints all deferred',
  );
  const blank = fc.stringMatching(/^[ \t\n\r\f]{1,3}$/);
  const cased = (text: string, seed: number) =>
    [...text].map((letter, at) => ((seed >> (at % 30)) & 1 ? letter.toUpperCase() : letter)).join('');
  fc.assert(
    fc.property(command, blank, fc.integer(), (text, between, seed) => {
      const written = `${between}${cased(text, seed).split(' ').join(between)}${between};${between}`;
      assert.equal(checkCommand(written).kind, checkCommand(text).kind, JSON.stringify(written));
    }),
  );
  fc.assert(
    fc.property(
      command,
      fc.nat(),
      fc.constantFrom(';', '--', '/*x*/', '(', "'", '\u00a0', '\\', '$$', ' and chain', '; select 1', ' x y z'),
      (text, at, inside) => {
        const place = at % (text.length + 1);
        const written = text.slice(0, place) + inside + text.slice(place);
        if (inside === ';' && place === text.length) return;
        assert.throws(() => checkCommand(written), { code: 'REFUSED' }, JSON.stringify(written));
      },
    ),
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
    'begin wor\u212a', // the Kelvin sign is a k in lower case, but not to PostgreSQL
    'rollbac\u212a',
    'rollbac\u212a to s1',
    'savepoint s\u212a',
    'begin\0',
  ];
  for (const text of bad) assert.throws(() => checkCommand(text), { code: 'REFUSED' }, text);
});

test('a NUL never reaches the wire, where it would end the text early', () => {
  for (const text of ['select 1\0; drop table x', '\0select 1', 'select 1\0']) {
    assert.throws(() => new Plans().of({ text, values: [] }), { code: 'REFUSED' });
    assert.throws(() => checkStatement(text), { code: 'REFUSED' });
  }
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
