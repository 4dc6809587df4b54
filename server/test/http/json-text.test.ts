import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyError, parseJsonText } from '../../src/http/json-text.ts';

const limits = { maxDepth: 32, maxEntries: 10_000 };

function refusal(text: string): [string, string] {
  try {
    parseJsonText(text, limits);
  } catch (error) {
    assert.ok(error instanceof BodyError && error.problem && error.fix, String(error));
    assert.equal(error.code, 'BODY_INVALID');
    return [error.reason, error.field];
  }
  return assert.fail(`${text.slice(0, 80)} was accepted`);
}

test('a key given twice is refused by its path, in any spelling', () => {
  assert.deepEqual(refusal('{"a":1,"b":2,"a":1}'), ['duplicate', 'a']);
  assert.deepEqual(refusal('{"owner":{"email":1,"\\u0065mail":2}}'), ['duplicate', 'owner.email']);
  assert.deepEqual(refusal('{"items":[{"x":1},{"x":1,"x":2}]}'), ['duplicate', 'items.1.x']);
  assert.deepEqual(refusal('{"a":{"b":1},"c":[[],{}],"a":1}'), ['duplicate', 'a']);
  assert.deepEqual(refusal('{"":1,"":2}'), ['duplicate', 'body']);
  assert.deepEqual(refusal('{"a\\"b":{"c":1},"a\\"b":2}'), ['duplicate', 'a"b']);
});

test('equal keys in different objects, and values that look like keys, are no duplicates', () => {
  for (const text of [
    '[{"a":1},{"a":1}]',
    '{"a":{"a":{"a":1}}}',
    '{"a":"a","b":["a","a","b"]}',
    '{"a":"\\"a\\":1,\\"a\\":2"}',
    '{"a":"\\\\","b":"\\\\\\"","c\\\\":["\\\\",",\\"a\\":"]}',
  ]) {
    assert.deepEqual(parseJsonText(text, limits), JSON.parse(text));
  }
});

test('__proto__ is no field, and constructor is an ordinary one that touches no prototype', () => {
  assert.deepEqual(refusal('{"__proto__":{"admin":true}}'), ['key', '__proto__']);
  assert.deepEqual(refusal('{"a":[{"__pr\\u006fto__":1}]}'), ['key', 'a.0.__proto__']);
  const value = parseJsonText('{"constructor":{"prototype":{"admin":true}},"toString":1}', limits);
  assert.deepEqual(Object.keys(value as object), ['constructor', 'toString']);
  assert.equal(({} as { admin?: boolean }).admin, undefined);
});

test('NUL and half surrogate pairs are refused in keys and values', () => {
  assert.deepEqual(refusal('{"a":"x\\u0000y"}'), ['string', 'a']);
  assert.deepEqual(refusal('["ok","\\ud800"]'), ['string', '1']);
  assert.deepEqual(refusal('{"a":"\\udc00\\ud800"}'), ['string', 'a']);
  assert.deepEqual(refusal('{"a\\u0000":1}'), ['string', 'a\ufffd']);
  assert.deepEqual(refusal('{"\\ud800":1}'), ['string', '\ufffd']);
  assert.equal(parseJsonText('"\\ud83d\\ude00 \\\\u0000"', limits), '😀 \\u0000');
});

test('numbers that a double cannot count are refused, the largest safe ones are not', () => {
  for (const text of [
    '9007199254740992',
    '-9007199254740992',
    '1e16',
    '1e400',
    '-1e999',
    '123456789012345678901234567890',
  ]) {
    assert.deepEqual(refusal(`{"n":[0,${text}]}`), ['number', 'n.1'], text);
  }
  for (const text of ['9007199254740991', '-9007199254740991', '0', '-0', '1.5e-7', '0.1', '1E2']) {
    assert.equal(parseJsonText(text, limits), JSON.parse(text), text);
  }
});

test('32 levels and 10,000 entries are the bound', () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
  assert.ok(parseJsonText(nested(32), limits));
  assert.equal(refusal(nested(33))[0], 'depth');
  assert.equal(refusal('{"a":'.repeat(33) + 1 + '}'.repeat(33))[0], 'depth');
  assert.equal(refusal(nested(30_000))[0], 'depth');
  const list = (count: number) => `[${Array(count).fill('1').join(',')}]`;
  assert.ok(parseJsonText(list(10_000), limits));
  assert.equal(refusal(list(10_001))[0], 'entries');
  assert.equal(refusal(`[${Array(10_000).fill('{}').join(',')}]`)[0], 'entries');
});

test('what is no JSON is refused without repeating it', () => {
  for (const text of [
    '',
    ' ',
    '{',
    '{"secret":}',
    "{'a':1}",
    '[1,]',
    '01',
    'NaN',
    'undefined',
    '{"a":1}}',
    '\ufeff{}',
    '"a\nb"',
    '{"a":1 "secret":2}',
  ]) {
    assert.deepEqual(refusal(text), ['syntax', 'body'], text);
    assert.throws(
      () => parseJsonText(text, limits),
      (error) => error instanceof BodyError && !`${error.stack}${error.cause}${error.problem}`.includes('secret'),
    );
  }
});

const anyText = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.string({ unit: fc.constantFrom(...'"\\a,:{}[]/u0é'), maxLength: 12 }),
  )
  .filter((one) => !one.includes('\0'));
const key = anyText.filter((one) => one !== '__proto__');
const { value: jsonValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom(null, true, false),
    fc.double({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, noNaN: true }),
    fc.maxSafeInteger(),
    anyText,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5 }),
  ),
}));

test('every JSON value is read as JSON.parse reads it, however it is spaced', () => {
  fc.assert(
    fc.property(jsonValue, fc.constantFrom(undefined, 1, '\t'), (value, space) => {
      const written = JSON.stringify(value, null, space);
      assert.deepEqual(parseJsonText(written, limits), JSON.parse(written));
    }),
    { numRuns: 500 },
  );
});

test('a mutated text is refused as JSON exactly when JSON.parse refuses it', () => {
  const piece = fc.constantFrom(...'{}[]",:\\ \t\n0-+.eEtrufalsn\u0001', '\\u00', '"a":', '\\"', '1e9', ',"a":1');
  let both = 0;
  fc.assert(
    fc.property(
      jsonValue,
      fc.array(fc.tuple(fc.nat(), fc.nat(2), piece), { minLength: 1, maxLength: 3 }),
      (value, edits) => {
        let written = JSON.stringify(value);
        for (const [at, drop, insert] of edits) {
          const place = at % (written.length + 1);
          written = written.slice(0, place) + insert + written.slice(place + drop);
        }
        const native = attempt(() => JSON.parse(written));
        const strict = attempt(() => parseJsonText(written, limits));
        if (!native.ok) {
          assert.ok(!strict.ok && strict.error instanceof BodyError && strict.error.reason === 'syntax', written);
        } else if (strict.ok) {
          both++;
          assert.deepEqual(strict.value, native.value);
        } else {
          assert.ok(strict.error instanceof BodyError, String(strict.error));
          assert.ok(
            ['duplicate', 'string', 'number', 'key'].includes(strict.error.reason),
            `${strict.error.reason} ${written}`,
          );
        }
      },
    ),
    { numRuns: 3_000 },
  );
  assert.ok(both > 100, `only ${both} mutants were JSON`);
});

test('a duplicate is found wherever it is planted', () => {
  fc.assert(
    fc.property(
      fc.dictionary(key, jsonValue, { minKeys: 1, maxKeys: 6 }),
      fc.nat(),
      jsonValue,
      (object, pick, value) => {
        const keys = Object.keys(object);
        const again = keys[pick % keys.length] ?? '';
        const planted = `${JSON.stringify(object).slice(0, -1)},${JSON.stringify(again)}:${JSON.stringify(value)}}`;
        assert.equal(refusal(`{"deep":[0,${planted}]}`)[0], 'duplicate');
      },
    ),
  );
});

function attempt(read: () => unknown): { ok: true; value: unknown } | { ok: false; error: unknown } {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    return { ok: false, error };
  }
}
