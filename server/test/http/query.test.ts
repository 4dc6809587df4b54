import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseQuery, QueryError } from '../../src/http/query.ts';

function fieldOf(target: string): string {
  try {
    parseQuery(target);
  } catch (error) {
    assert.ok(error instanceof QueryError && error.code === 'REQUEST_INVALID' && error.problem && error.fix);
    return error.field;
  }
  return assert.fail(`${target} was accepted`);
}

test('pairs come in their order, with repeated names and blanks', () => {
  assert.deepEqual(parseQuery('/v1/contacts'), []);
  assert.deepEqual(parseQuery('/v1/contacts?'), []);
  assert.deepEqual(parseQuery('/v1/contacts?a=1&b=%2B+x&a=&c&&=d&e=f=g?'), [
    ['a', '1'],
    ['b', '+ x'],
    ['a', ''],
    ['c', ''],
    ['', 'd'],
    ['e', 'f=g?'],
  ]);
});

test('an escape that is none, bytes that are no UTF-8 and NUL are refused by name', () => {
  for (const value of [
    '%',
    '%4',
    '%zz',
    '%u0041',
    '%ff',
    '%c3',
    '%c0%af',
    '%ed%a0%80',
    '%f4%90%80%80',
    '%00',
    'a%00b',
  ]) {
    assert.equal(fieldOf(`/x?ok=1&name.prefix=${value}`), 'name.prefix', value);
    assert.equal(fieldOf(`/x?${value}=1`), 'query', value);
  }
});

test('more than 32 parameters or 6,144 characters are refused', () => {
  const many = (count: number) => Array.from({ length: count }, (_, n) => `p${n}=1`).join('&');
  assert.equal(parseQuery(`/x?${many(32)}`).length, 32);
  assert.equal(fieldOf(`/x?${many(33)}`), 'query');
  assert.equal(parseQuery(`/x?a=${'b'.repeat(6_142)}`).length, 1);
  assert.equal(fieldOf(`/x?a=${'b'.repeat(6_143)}`), 'query');
});

test('what URLSearchParams writes is read back', () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((one) => !one.includes('\0'));
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 10 }), (pairs) => {
      assert.deepEqual(parseQuery(`/x?${new URLSearchParams(pairs)}`), pairs);
    }),
  );
});
