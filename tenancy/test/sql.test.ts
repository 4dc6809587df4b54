import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { identifier, joined, type Statement, sql } from '../src/index.ts';
import { statementName } from '../src/sql.ts';

test('a value is never part of the text, whatever it is and however statements are nested', () => {
  const leaf = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.constant(null),
    fc.constant('$1'),
    fc.constant("'; drop table x; --"),
  );
  const { statement } = fc.letrec<{ statement: { made: Statement; values: unknown[] } }>((tie) => ({
    statement: fc.oneof(
      { maxDepth: 4 },
      leaf.map((value) => ({ made: sql`x = ${value}`, values: [value] })),
      fc.array(leaf, { maxLength: 3 }).map((values) => ({
        made: joined(
          values.map((value) => sql`${value}`),
          ',',
          sql`null`,
        ),
        values,
      })),
      fc.tuple(tie('statement'), leaf, tie('statement')).map(([left, value, right]) => ({
        made: sql('nested')`(${left.made}) and y in (${value}) or (${right.made})`,
        values: [...left.values, value, ...right.values],
      })),
    ),
  }));
  fc.assert(
    fc.property(statement, ({ made, values }) => {
      assert.deepEqual(made.values, values);
      assert.match(made.text, /^[a-z0-9 $=(),]*$/);
      const places = [...made.text.matchAll(/\$(\d+)/g)].map(([, n]) => Number(n));
      assert.deepEqual(
        places,
        values.map((_, at) => at + 1),
      );
    }),
  );
});

test('a statement-like object from outside is a value, not a statement', () => {
  const forged = { text: 'true or true', values: [], label: undefined };
  const made = sql`select 1 where ${forged}`;
  assert.deepEqual([made.text, made.values], ['select 1 where $1', [forged]]);
});

test('a name is quoted so that it can only be a name', () => {
  assert.equal(identifier('shop', 'notes').text, '"shop"."notes"');
  assert.equal(identifier('a"; drop table x; --').text, '"a""; drop table x; --"');
  assert.equal(
    sql`select * from ${identifier('crm', 'x')} where id = ${7}`.text,
    'select * from "crm"."x" where id = $1',
  );
});

test('lists join with and, or and commas, and an empty one gives what is asked for', () => {
  const parts = [sql`a = ${1}`, sql`b = ${2}`, sql`c = ${3}`];
  assert.equal(joined(parts, 'and').text, 'a = $1 and b = $2 and c = $3');
  assert.equal(joined(parts, 'or').text, 'a = $1 or b = $2 or c = $3');
  assert.equal(joined(parts, ',').text, 'a = $1, b = $2, c = $3');
  assert.equal(joined([], 'and').text, 'true');
  assert.equal(joined([], 'or', sql`false`).text, 'false');
  assert.deepEqual(sql`${joined(parts, 'and')} limit ${9}`.values, [1, 2, 3, 9]);
});

test('a label is short and plain, and two texts of one label have two names of at most 63 bytes', () => {
  for (const label of ['', 'A', '1a', 'a b', 'a"', 'ä', 'a'.repeat(55), 'a\0'])
    assert.throws(() => sql(label), { code: 'REFUSED' }, label);
  const label = 'a'.repeat(54);
  const names = ['select 1', 'select 2'].map((text) => statementName(label, text));
  assert.notEqual(names[0], names[1]);
  assert.ok(names.every((name) => Buffer.byteLength(name) <= 63));
  assert.throws(() => statementName('x\0y', 'select 1'), { code: 'REFUSED' });
});
