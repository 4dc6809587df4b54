import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { onboardTenant, startTestServer } from './harness.ts';

const server = await startTestServer();
const [a, b] = [await onboardTenant(server), await onboardTenant(server)];

const names = [
  'Ökowerk Wien',
  'Okocim',
  'Łódź Fabryczna',
  'Lodz Kaliska',
  'Émile Zola',
  'EMILIA',
  'Straße 7',
  'Ångström',
  'Ørsted',
  'O’Hara',
  '100% Bio',
  '_under',
  'Ἀθηνᾶ ΟΔΟΣ',
  'İzmir',
  '株式会社',
];
const company = (await a.call('POST /v1/companies', { body: { name: 'Ökowerk', domain: 'oko.example' } })).ok;
const plain = (await a.call('POST /v1/companies', { body: { name: 'Anders' } })).ok;
const owner = randomUUID();
for (const [n, name] of names.entries()) {
  const body = {
    name,
    email: `P${n}.Search@mail.example`,
    status: (['lead', 'active', 'customer', 'former'] as const)[n % 4],
    company_id: n % 2 === 0 ? company.id : null,
    owner: n % 3 === 0 ? owner : null,
    touched_at: `2026-03-${String(n + 1).padStart(2, '0')}T12:00:00Z`,
  };
  await a.call('POST /v1/contacts', { body }).then((answer) => answer.ok);
  await b
    .call('POST /v1/contacts', { body: { name: `${name} ${b.marker}`, email: body.email } })
    .then((answer) => answer.ok);
}

/** Names of A's contacts that a query finds, without the one of onboarding. */
async function found(query: Record<string, string>): Promise<string[]> {
  const { ok } = await a.call('GET /v1/contacts', { query: { limit: 100, sort: 'touched', ...query } });
  assert.ok(ok.items.every(({ name }) => !name.includes(b.marker)));
  return ok.items.map(({ name }) => name).filter((name) => !name.startsWith('Owner'));
}

test('a prefix of a name finds it without its accents and in any case', async () => {
  const cases: Record<string, string[]> = {
    oko: ['Ökowerk Wien', 'Okocim'],
    ÖKO: ['Ökowerk Wien', 'Okocim'],
    'o\u0308ko': ['Ökowerk Wien', 'Okocim'],
    lodz: ['Łódź Fabryczna', 'Lodz Kaliska'],
    Łódź: ['Łódź Fabryczna', 'Lodz Kaliska'],
    emil: ['Émile Zola', 'EMILIA'],
    émilE: ['Émile Zola'],
    angs: ['Ångström'],
    orst: ['Ørsted'],
    'o’h': ['O’Hara'],
    αθη: ['Ἀθηνᾶ ΟΔΟΣ'],
    izm: ['İzmir'],
    株式: ['株式会社'],
    'ökowerk wien': ['Ökowerk Wien'],
    'ökowerk wien ': [],
    fabryczna: [],
  };
  for (const [prefix, expected] of Object.entries(cases)) {
    assert.deepEqual(await found({ 'name.prefix': prefix }), expected, prefix);
  }
});

test('a prefix is text: signs of patterns stand for themselves', async () => {
  assert.deepEqual(await found({ 'name.prefix': '100%' }), ['100% Bio']);
  assert.deepEqual(await found({ 'name.prefix': '%' }), []);
  assert.deepEqual(await found({ 'name.prefix': '_' }), ['_under']);
  assert.deepEqual(await found({ 'name.prefix': '\\' }), []);
  assert.deepEqual(await found({ 'name.prefix': "' or 1=1 --" }), []);
});

test('a name is found by its exact fold', async () => {
  assert.deepEqual(await found({ 'name.eq': 'okocim' }), ['Okocim']);
  assert.deepEqual(await found({ 'name.eq': 'LODZ FABRYCZNA' }), ['Łódź Fabryczna']);
  assert.deepEqual(await found({ 'name.eq': 'lodz' }), []);
});

test('the name of a contact finds it, however its letters are written', async () => {
  for (const name of names) {
    for (const text of new Set([
      name,
      name.normalize('NFD'),
      name.toLowerCase(),
      name.replace('ß', 'ẞ').toUpperCase(),
    ])) {
      assert.deepEqual(await found({ 'name.eq': text }), [name], text);
      assert.deepEqual(await found({ 'name.prefix': text }), [name], text);
    }
  }
  assert.deepEqual(await found({ 'name.prefix': 'ἀθηνᾶ οδος' }), ['Ἀθηνᾶ ΟΔΟΣ']);
});

test('an e-mail address is found by prefix, whole, among several and by absence, in any case', async () => {
  assert.deepEqual(await found({ 'email.prefix': 'p1.SEARCH' }), ['Okocim']);
  assert.deepEqual((await found({ 'email.prefix': 'p1' })).length, 6); // p1 and p10 to p14
  assert.deepEqual(await found({ 'email.eq': 'P2.search@MAIL.example' }), ['Łódź Fabryczna']);
  assert.deepEqual(await found({ 'email.in': 'p2.search@mail.example,P0.Search@mail.example,x@y.example' }), [
    'Ökowerk Wien',
    'Łódź Fabryczna',
  ]);
  assert.deepEqual(await found({ 'email.empty': 'true' }), []);
  assert.equal((await found({ 'email.empty': 'false' })).length, names.length);
});

test('status, company, owner and times filter, alone and together', async () => {
  const every = (step: number, start = 0) => names.filter((_, n) => n % step === start);
  assert.deepEqual(await found({ 'status.eq': 'active' }), every(4, 1));
  assert.deepEqual(await found({ 'status.in': 'lead,customer', 'email.empty': 'false' }), every(2));
  assert.deepEqual(await found({ 'company.eq': company.id }), every(2));
  assert.deepEqual(await found({ 'company.in': `${company.id.toUpperCase()},${plain.id}` }), every(2));
  assert.deepEqual(await found({ 'company.empty': 'true' }), every(2, 1));
  assert.deepEqual(await found({ 'owner.eq': owner }), every(3));
  assert.deepEqual(await found({ 'touched.gte': '2026-03-03', 'touched.lt': '2026-03-05' }), names.slice(2, 4));
  assert.deepEqual(await found({ 'touched.lte': '2026-03-01T13:00:00+01:00' }), names.slice(0, 1));
  assert.deepEqual(await found({ 'touched.gt': '2026-03-14T12:00:00Z', 'touched.lt': '2026-04-01' }), names.slice(14));
  assert.deepEqual(await found({ 'created.lt': '2020-01-01' }), []);
  assert.deepEqual(
    await found({ 'company.eq': company.id, 'owner.eq': owner, 'status.eq': 'customer', 'name.prefix': 'S' }),
    ['Straße 7'],
  );
});

test("another tenant's ids as filter values find nothing", async () => {
  const foreign = (await b.call('POST /v1/companies', { body: { name: 'Of B' } })).ok;
  assert.deepEqual(await found({ 'company.eq': foreign.id }), []);
  assert.deepEqual(await found({ 'owner.eq': b.ownerId }), []);
});

test('companies are found by name, domain and absence of a domain', async () => {
  const find = async (query: Record<string, string>) =>
    (await a.call('GET /v1/companies', { query: { sort: 'name', ...query } })).ok.items.map(({ name }) => name);
  assert.deepEqual(await find({ 'name.prefix': 'oko' }), ['Ökowerk']);
  assert.deepEqual(await find({ 'domain.eq': 'OKO.example' }), ['Ökowerk']);
  assert.deepEqual(await find({ 'domain.in': 'oko.example,x.example' }), ['Ökowerk']);
  assert.deepEqual(await find({ 'domain.empty': 'true', 'name.prefix': 'and' }), ['Anders']);
});

test('a parameter that the list does not have is refused by name, with what it has', async () => {
  const cases: [query: string, field: string, code?: string][] = [
    ['name=x', 'name'],
    ['name.like=x', 'name.like'],
    ['tenant_id.eq=1', 'tenant_id.eq'],
    ['deleted_at.empty=false', 'deleted_at.empty'],
    ['name_key.prefix=a', 'name_key.prefix'],
    ['version.eq=1', 'version.eq'],
    ['phone.eq=1', 'phone.eq'],
    ['status.eq=boss', 'status.eq'],
    ['status.prefix=l', 'status.prefix'],
    ['company.eq=1', 'company.eq'],
    ['company.in=', 'company.in'],
    ['owner.empty=yes', 'owner.empty'],
    ['touched.gte=yesterday', 'touched.gte'],
    ['touched.gte=2026-02-30', 'touched.gte'],
    ['touched.gte=1899-12-31', 'touched.gte'],
    ['sort=name_key', 'sort'],
    ['sort=name,created', 'sort'],
    ['sort=__proto__', 'sort'],
    ['constructor.eq=1', 'constructor.eq'],
    ['__proto__.eq=1', '__proto__.eq'],
    ['name.prefix=a&name.prefix=b', 'name.prefix'],
    ['name.prefix=', 'name.prefix'],
    [`name.prefix=${'a'.repeat(255)}`, 'name.prefix'],
    ['name.prefix=%00', 'name.prefix'],
    ['name.prefix=%ff', 'name.prefix'],
    ['name.prefix=%e2%80%a8', 'name.prefix'],
    ['name.prefix=%', 'name.prefix'],
    [`email.in=${Array.from({ length: 51 }, (_, n) => `a${n}`).join()}`, 'email.in'],
    [Array.from({ length: 40 }, (_, n) => `x${n}=1`).join('&'), 'query'],
    [`x=${'a'.repeat(7000)}`, 'query'],
    [
      'name.prefix=a&name.eq=a&email.prefix=a&email.eq=a&email.in=a&email.empty=false&status.eq=lead&status.in=lead&company.empty=true',
      'query',
    ],
  ];
  for (const [query, field] of cases) {
    const { problem } = await a.call('GET /v1/contacts', { query });
    assert.equal(problem.code, 'REQUEST_INVALID', query);
    const error = problem.errors?.find((one) => one.field === field);
    assert.ok(error && error.problem.length > 0 && error.fix.length > 0, `${query}: ${JSON.stringify(problem.errors)}`);
  }
});
