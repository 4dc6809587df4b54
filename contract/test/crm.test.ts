import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  check,
  companyCreate,
  companyPatch,
  contactCreate,
  contactPatch,
  etag,
  type FieldProblem,
  idempotencyKey,
  ifMatch,
} from '../src/index.ts';

const id = '0197f000-0000-7000-8000-00000000000a';

function refused(result: { ok: true; value: unknown } | { ok: false; errors: FieldProblem[] }): Record<string, string> {
  assert.ok(!result.ok, 'was accepted');
  for (const error of result.errors) assert.ok(error.fix, `${error.field} has no fix`);
  return Object.fromEntries(result.errors.map(({ field, problem }) => [field, problem]));
}

function accepted<T>(result: { ok: true; value: T } | { ok: false; errors: FieldProblem[] }): T {
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

test('a contact needs only a name and is a lead then', () => {
  assert.deepEqual(accepted(check(contactCreate, { name: '  Ana O’Neill ' })), { name: 'Ana O’Neill', status: 'lead' });
});

test('a patch holds what was sent and no default of creation', () => {
  assert.deepEqual(accepted(check(contactPatch, { name: 'Ana' })), { name: 'Ana' });
  assert.deepEqual(accepted(check(contactPatch, { email: null, company_id: id.toUpperCase() })), {
    email: null,
    company_id: id,
  });
});

test('a patch of nothing is refused, and one with an unknown field names only that', () => {
  assert.deepEqual(refused(check(contactPatch, {})), { body: 'changes nothing' });
  assert.deepEqual(refused(check(companyPatch, { nam: 'x' })), { nam: 'is not a field of this request' });
});

test('unknown and protected fields are refused by name', () => {
  const problems = refused(
    check(
      contactCreate,
      JSON.parse('{"name":"x","tenant_id":1,"id":2,"version":3,"name_key":4,"__proto__":5,"toString":6}'),
    ),
  );
  assert.deepEqual(problems, {
    tenant_id: 'is set by the server',
    id: 'is set by the server',
    version: 'is set by the server',
    name_key: 'is set by the server',
    ['__proto__']: 'is not a field of this request',
    toString: 'is not a field of this request',
  });
});

test('a value of the wrong type is named with what it is and should be, and never repeated', () => {
  const result = check(contactCreate, {
    name: 7,
    email: ['secret-value'],
    status: 'vip-secret',
    owner: {},
    phone: true,
  });
  const problems = refused(result);
  assert.deepEqual(problems, {
    name: 'is a number, not a string',
    email: 'is a list, not a string',
    status: 'is none of the values allowed here',
    owner: 'is an object, not a string',
    phone: 'is true or false, not a string',
  });
  assert.ok(!JSON.stringify(result).includes('secret'));
  for (const value of [null, [], 'x', 1, undefined])
    assert.deepEqual(Object.keys(refused(check(contactCreate, value))), ['body']);
});

test('names that cannot be stored or seen are refused', () => {
  for (const name of [
    '',
    '   ',
    '\u200b',
    'a\0b',
    'a\nb',
    'a\u2028b',
    'a\u0085b',
    '\ud800',
    'x\udc00',
    'n'.repeat(201),
  ]) {
    assert.deepEqual(Object.keys(refused(check(companyCreate, { name }))), ['name'], JSON.stringify(name));
  }
});

test('names come out in one normal form, whatever keyboard wrote them', () => {
  assert.equal(accepted(check(companyCreate, { name: 'Mu\u0308ller' })).name, 'M\u00fcller');
});

test('e-mail addresses are dot-atoms at a host of two labels', () => {
  for (const email of ["o'neill+crm@mail.example", 'A.B@EXAMPLE.com', 'x@xn--bcher-kva.example', 'a@b.xn--p1ai']) {
    assert.equal(accepted(check(contactPatch, { email })).email, email);
  }
  for (const email of [
    'a',
    'a@b',
    '@b.example',
    '.a@b.example',
    'a..b@b.example',
    'a.@b.example',
    'a b@b.example',
    'a@b@c.example',
    'a@-b.example',
    'a@b-.example',
    'a@b..example',
    'a@b.example.',
    'a@[127.0.0.1]',
    'a\n@b.example',
    'ä@b.example',
    'a@b.1',
    `${'a'.repeat(65)}@b.example`,
    `a@${'b.'.repeat(130)}example`,
  ]) {
    assert.deepEqual(Object.keys(refused(check(contactPatch, { email }))), ['email'], email);
  }
});

test('instants come out in UTC with milliseconds, and impossible ones are refused', () => {
  const touched = (touched_at: unknown) => check(contactPatch, { touched_at });
  assert.equal(accepted(touched('2026-01-31T09:30:00+02:00')).touched_at, '2026-01-31T07:30:00.000Z');
  assert.equal(accepted(touched('2024-02-29T00:00:00.1239Z')).touched_at, '2024-02-29T00:00:00.123Z');
  for (const text of [
    '2026-02-29T00:00:00Z',
    '2026-01-01',
    'now',
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59-10:00',
    5,
    null,
  ]) {
    assert.deepEqual(Object.keys(refused(touched(text))), ['touched_at'], String(text));
  }
});

test('domains are bare host names in lower case', () => {
  assert.equal(accepted(check(companyPatch, { domain: 'Kestrel.Example' })).domain, 'kestrel.example');
  for (const domain of ['https://a.example', 'a.example/x', 'a', 'a.example:80', '10.0.0.1', '']) {
    assert.deepEqual(Object.keys(refused(check(companyPatch, { domain }))), ['domain'], domain);
  }
});

test('a thousand unknown fields give a short answer', () => {
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`field-${n}-${'x'.repeat(500)}`, n]));
  const result = check(contactCreate, { name: 'x', ...many });
  assert.ok(JSON.stringify(result).length < 4_000);
});

test('If-Match names exactly one version, as ETag gave it', () => {
  assert.equal(accepted(check(ifMatch, etag(12), 'If-Match')), 12);
  for (const text of ['3', 'W/"3"', '*', '"3", "4"', '"0"', '"03"', '"-1"', '"1e3"', '"99999999999"', '']) {
    assert.deepEqual(Object.keys(refused(check(ifMatch, text, 'If-Match'))), ['If-Match'], text);
  }
});

test('an Idempotency-Key is 1 to 128 visible characters', () => {
  assert.equal(accepted(check(idempotencyKey, id)), id);
  for (const text of ['', 'a b', 'ä', 'k'.repeat(129)]) assert.equal(check(idempotencyKey, text).ok, false, text);
});
