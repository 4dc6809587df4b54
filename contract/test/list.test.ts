import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ListField,
  type ListQuery,
  listFingerprint,
  listParams,
  lists,
  parseList,
  type Resource,
} from '../src/index.ts';

const id = '0197f000-0000-7000-8000-00000000000a';

function parsed(resource: Resource, text: string): ListQuery {
  const result = parseList(resource, [...new URLSearchParams(text)]);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

function problems(resource: Resource, text: string): Record<string, string> {
  const result = parseList(resource, [...new URLSearchParams(text)]);
  assert.ok(!result.ok, `${text} was accepted`);
  assert.equal(result.code, 'REQUEST_INVALID');
  for (const error of result.errors) assert.ok(error.fix);
  return Object.fromEntries(result.errors.map(({ field, problem }) => [field, problem]));
}

test('a list without a query is the newest twenty', () => {
  assert.deepEqual(parsed('contacts', ''), {
    filters: [],
    sort: { field: 'created', column: 'created_at', kind: 'time', direction: 'desc' },
    limit: 20,
    after: null,
  });
});

test('conditions, sort, limit and cursor are read by the table', () => {
  assert.deepEqual(
    parsed('contacts', 'status.in=lead,active&touched.gte=2026-01-01&sort=-touched&limit=100&after=abc_-9'),
    {
      filters: [
        { field: 'status', column: 'status', kind: 'text', op: 'in', values: ['active', 'lead'] },
        { field: 'touched', column: 'touched_at', kind: 'time', op: 'gte', value: '2026-01-01T00:00:00.000Z' },
      ],
      sort: { field: 'touched', column: 'touched_at', kind: 'time', direction: 'desc' },
      limit: 100,
      after: 'abc_-9',
    },
  );
  assert.deepEqual(parsed('contacts', `company.eq=${id.toUpperCase()}&owner.empty=true&email.empty=false`).filters, [
    { field: 'company', column: 'company_id', kind: 'uuid', op: 'eq', value: id },
    { field: 'email', column: 'email_key', kind: 'text', op: 'empty', value: false },
    { field: 'owner', column: 'owner', kind: 'uuid', op: 'empty', value: true },
  ]);
});

test('text is folded as the stored keys are: letter by letter', () => {
  const value = (text: string) => {
    const [filter] = parsed('contacts', `name.prefix=${encodeURIComponent(text)}`).filters;
    assert.ok(filter?.op === 'prefix');
    return filter.value;
  };
  assert.equal(value('MÜL'), 'mül');
  assert.equal(value('Mu\u0308'), 'mü');
  assert.equal(value("O'N%_"), "o'n%_");
  assert.equal(value('ΑΣ'), 'ας'.replace('ς', 'σ'));
  assert.equal(value('\u0130z'), '\u0130z');
});

test('what the table does not name is refused with what it does', () => {
  assert.deepEqual(
    problems('contacts', 'foo=1&status=lead&touched.eq=2026-01-01&email.sort=1&__proto__.eq=1&name.=x&.eq=y'),
    {
      foo: 'is not a parameter of this list',
      status: 'needs an operation that this field has',
      'touched.eq': 'needs an operation that this field has',
      'email.sort': 'needs an operation that this field has',
      '__proto__.eq': 'is not a parameter of this list',
      'name.': 'needs an operation that this field has',
      '.eq': 'is not a parameter of this list',
    },
  );
});

test('values of the wrong kind are refused by name', () => {
  for (const text of [
    'status.eq=vip',
    'status.in=lead,',
    'status.in=lead,vip',
    'company.eq=1',
    'company.in=',
    'owner.empty=1',
    'touched.gte=yesterday',
    'touched.gte=2026-02-30',
    'touched.lt=0000-01-01',
    'name.prefix=',
    'name.prefix=a%00',
    'name.eq=a%0ab',
    `name.eq=${'a'.repeat(255)}`,
    'sort=email',
    'sort=--name',
    'sort=toString',
    'sort=',
    'limit=0',
    'limit=101',
    'limit=1e1',
    'limit=-1',
    'limit=010',
    'limit=',
  ]) {
    assert.deepEqual(Object.keys(problems('contacts', text)), [text.split('=')[0]], text);
  }
});

test('a repeated parameter is refused', () => {
  assert.deepEqual(problems('contacts', 'limit=5&limit=6&status.eq=lead&status.eq=lead'), {
    limit: 'is given twice',
    'status.eq': 'is given twice',
  });
});

test('eight conditions and fifty values are the bound', () => {
  const ranges = ['touched', 'created'].flatMap((name) =>
    ['lt', 'lte', 'gt', 'gte'].map((op) => `${name}.${op}=2026-01-01`),
  );
  assert.equal(parsed('contacts', ranges.join('&')).filters.length, 8);
  assert.deepEqual(problems('contacts', `${ranges.join('&')}&status.eq=lead`), { query: 'has too many conditions' });
  const ids = (count: number) =>
    Array.from({ length: count }, (_, n) => `0197f000-0000-7000-8000-${String(n).padStart(12, '0')}`).join(',');
  const [filter] = parsed('contacts', `company.in=${ids(50)}`).filters;
  assert.ok(filter?.op === 'in');
  assert.equal(filter.values.length, 50);
  assert.deepEqual(problems('contacts', `company.in=${ids(51)}`), { 'company.in': 'has too many values' });
  assert.deepEqual(problems('contacts', `company.in=${ids(1)},${ids(50)}`), { 'company.in': 'has too many values' });
  assert.deepEqual(problems('contacts', `company.in=${ids(30)}&owner.in=${ids(21)}`), { query: 'has too many values' });
});

test('a cursor that cannot be one has its own code', () => {
  for (const after of ['', 'a b', 'a=', 'ä', 'x'.repeat(1_025)]) {
    const result = parseList('contacts', [['after', after]]);
    assert.ok(!result.ok);
    assert.equal(result.code, 'CURSOR_INVALID');
    assert.equal(result.errors[0]?.field, 'after');
  }
});

test('a list of any length of refusals gives a short answer', () => {
  const many = Array.from({ length: 500 }, (_, n): [string, string] => [`f${n}${'x'.repeat(500)}`, '1']);
  const result = parseList('contacts', many);
  assert.ok(!result.ok && JSON.stringify(result).length < 8_000);
});

test('equal lists have equal fingerprints and others do not', () => {
  const print = (text: string) => listFingerprint('contacts', parsed('contacts', text));
  assert.equal(
    print('status.in=lead,active&name.prefix=A&limit=5'),
    print('name.prefix=a&after=zz&status.in=active,lead,active'),
  );
  const texts = [
    '',
    'sort=created',
    'sort=name',
    'name.prefix=a',
    'name.eq=a',
    'status.eq=lead',
    'status.in=lead',
    'email.empty=true',
    'email.empty=false',
  ];
  assert.equal(new Set(texts.map(print)).size, texts.length);
  assert.notEqual(print(''), listFingerprint('companies', parsed('companies', '')));
});

test('every published parameter is read and no other', () => {
  const samples = { text: 'x', uuid: id, time: '2026-01-01' };
  for (const resource of Object.keys(lists) as Resource[]) {
    const published = Object.keys((listParams(resource) as unknown as { shape: object }).shape);
    const expected = new Set(['sort', 'limit', 'after']);
    for (const [name, field] of Object.entries<ListField>(lists[resource].filters)) {
      for (const op of field.ops) {
        const value = op === 'empty' ? 'true' : (field.values?.[0] ?? samples[field.kind]);
        assert.ok(parseList(resource, [[`${name}.${op}`, value]]).ok, `${resource} ${name}.${op}`);
        expected.add(`${name}.${op}`);
      }
    }
    assert.deepEqual(new Set(published), expected);
    for (const name of Object.keys(lists[resource].sorts)) {
      assert.equal(parsed(resource, `sort=-${name}`).sort.direction, 'desc');
    }
  }
});
