import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { lists } from '@businessos/contract';
import type { CallInput } from './client.ts';
import { onboardTenant, startTestServer, type TestTenant } from './harness.ts';

const server = await startTestServer();
const [a, b] = [await onboardTenant(server), await onboardTenant(server)];
/** Rows whose names and times repeat, so that only the id tells some of them apart. */
async function fill(tenant: TestTenant, rows: number): Promise<void> {
  const text = (table: string) => `insert into crm.${table} (tenant_id, name, created_at)
    select $1, (array['Émile','emile','Zoë','zoe','Østby','a','Ökowerk','Łódź'])[1 + n % 8] || case when n % 3 = 0 then '' else ' ' || n % 40 end,
      timestamptz '2026-01-01' + n / 5 * interval '1 ms' from generate_series(1, $2::int) n`;
  await server.db.admin.query(text('companies'), [tenant.id, rows]);
  await server.db.admin.query(text('contacts'), [tenant.id, rows]);
  await server.db.admin.query(
    "update crm.contacts set touched_at = created_at - (length(name) % 3) * interval '1 s' where tenant_id = $1",
    [tenant.id],
  );
}
await fill(a, 250);
await fill(b, 60);

type ListRoute = 'GET /v1/contacts' | 'GET /v1/companies';

/** Reads all pages; `between` runs after each. */
async function readAll(
  route: ListRoute,
  query: CallInput['query'] & object,
  between?: (page: number) => Promise<unknown>,
) {
  const items: { id: string; name: string; created_at: string; touched_at?: string }[] = [];
  for (let after: string | null = null, page = 1; page === 1 || after !== null; page++) {
    const more: Record<string, string> = after === null ? {} : { after };
    const { ok } = await a.call(route, { query: { ...query, ...more } });
    items.push(...ok.items);
    after = ok.next;
    assert.ok(after === null || ok.items.length > 0);
    await between?.(page);
  }
  return items;
}

async function idsOf(table: 'contacts' | 'companies'): Promise<Set<string>> {
  const { rows } = await server.db.admin.query<{ id: string }>(
    `select id from crm.${table} where tenant_id = $1 and deleted_at is null`,
    [a.id],
  );
  return new Set(rows.map(({ id }) => id));
}

for (const table of ['contacts', 'companies'] as const) {
  for (const sort of Object.keys(lists[table].sorts).flatMap((name) => [name, `-${name}`])) {
    test(`pages of ${table} by ${sort} show every row that was there once, while rows come and go`, async () => {
      const expected = await idsOf(table);
      const route = `GET /v1/${table}` as const;
      let busy = true;
      const writer = (async () => {
        for (let n = 0; busy; n++) {
          const name = ['A', 'm', 'Zzz', 'östlich'][n % 4] ?? '';
          const { id } = (await a.call(`POST /v1/${table}`, { body: { name: `${name} ${n} ${randomUUID()}` } })).ok;
          if (n % 3 === 0) await a.call(`DELETE /v1/${table}/{id}`, { params: { id }, version: 1 });
        }
      })();
      const items = await readAll(route, { sort, limit: 17 });
      busy = false;
      await writer;
      const seen = items.map(({ id }) => id);
      assert.equal(new Set(seen).size, seen.length, 'a row came twice');
      assert.deepEqual(
        [...expected].filter((id) => !seen.includes(id)),
        [],
        'rows were left out',
      );
      const field = `${sort.replace('-', '')}${sort.endsWith('name') ? '' : '_at'}` as 'created_at';
      if (!sort.endsWith('name')) {
        const order = items.map((item) => `${item[field]} ${item.id}`);
        assert.deepEqual(order, sort.startsWith('-') ? order.toSorted().reverse() : order.toSorted());
      }
    });
  }
}

test('a list by name puts accented letters among their own, whatever their case', async () => {
  const c = await onboardTenant(server);
  for (const name of ['zebra', 'Émile', 'emil', 'Łódź', 'Lodz 2', 'Ökowerk', 'Ost', 'oko', 'Anna']) {
    await c.call('POST /v1/companies', { body: { name } });
  }
  const { items } = (await c.call('GET /v1/companies', { query: { sort: 'name', 'created.gte': '2026-01-01' } })).ok;
  const names = items.map(({ name }) => name).filter((name) => !name.startsWith('Firm'));
  assert.deepEqual(names, ['Anna', 'emil', 'Émile', 'Łódź', 'Lodz 2', 'oko', 'Ökowerk', 'Ost', 'zebra']);
});

test('the longest names of letters that grow when they are folded can be stored, paged and found', async () => {
  const c = await onboardTenant(server);
  // three to 18 letters for each, in an order that does not compress
  const grow = ['힣뷁쀍퉯꿹', '㍿㌀㌱㍇㌖', 'ﷺﷲﷳﷴﷻ', '㈝㋿㍰㏿㊿'].map((letters) => Array.from(letters));
  const mixed = (n: number) =>
    Array.from({ length: 200 }, (_, at) => grow[(at * at * 7 + n) % 4]?.[(at * 31 + n * at) % 5]).join('');
  const names = [
    '힣'.repeat(200),
    'ﷺ'.repeat(200),
    '\u{1f600}'.repeat(100),
    '"\\'.repeat(100),
    'ς'.repeat(200),
    ...Array.from({ length: 8 }, (_, n) => mixed(n)),
  ];
  for (const table of ['contacts', 'companies'] as const) {
    for (const name of names)
      assert.equal((await c.call(`POST /v1/${table}`, { body: { name } })).ok.name, name.normalize('NFC'));
    for (const sort of ['name', '-name']) {
      const seen: string[] = [];
      for (let after: string | null = ''; after !== null; ) {
        const more: Record<string, string> = after === '' ? {} : { after };
        const { ok } = await c.call(`GET /v1/${table}`, { query: { sort, limit: 1, ...more } });
        seen.push(...ok.items.map(({ name }) => name));
        after = ok.next;
      }
      assert.deepEqual(
        seen.toSorted(),
        [...names.map((name) => name.normalize('NFC')), seen.find((name) => name.includes(c.marker))].toSorted(),
      );
    }
    for (const name of names) {
      const { items } = (await c.call(`GET /v1/${table}`, { query: { 'name.prefix': name.slice(0, 40) } })).ok;
      assert.ok(
        items.some((item) => item.name === name.normalize('NFC')),
        name,
      );
    }
  }
});

test('limit bounds a page, and the last page has no next', async () => {
  const one = (await a.call('GET /v1/contacts', { query: { limit: 1 } })).ok;
  assert.equal(one.items.length, 1);
  assert.notEqual(one.next, null);
  assert.equal((await a.call('GET /v1/contacts', { query: { limit: 100 } })).ok.items.length, 100);
  assert.equal((await a.call('GET /v1/contacts')).ok.items.length, 20);
  const exactly = (await b.call('GET /v1/companies', { query: { limit: 61 } })).ok; // 60 and the one of onboarding
  assert.deepEqual([exactly.items.length, exactly.next], [61, null]);
  for (const limit of ['0', '101', '-1', '1.5', 'x', '']) {
    const { problem } = await a.call('GET /v1/contacts', { query: { limit } });
    assert.deepEqual([problem.code, problem.errors?.[0]?.field], ['REQUEST_INVALID', 'limit']);
  }
});

test('a cursor of another tenant, list, sort or filter, and one that was touched, is refused', async () => {
  const query = { sort: 'name', 'status.in': 'lead,active', limit: 5 };
  const { next } = (await a.call('GET /v1/contacts', { query })).ok;
  const after = next ?? '';
  assert.equal((await a.call('GET /v1/contacts', { query: { ...query, after } })).status, 200);
  assert.equal(
    (await a.call('GET /v1/contacts', { query: { ...query, 'status.in': 'active,lead', limit: 9, after } })).status,
    200,
  );
  const refused = async (tenant: TestTenant, route: ListRoute, more: Record<string, string>) => {
    const { problem } = await tenant.call(route, { query: { sort: 'name', after, ...more } });
    assert.deepEqual([problem.code, problem.errors?.[0]?.field], ['CURSOR_INVALID', 'after'], JSON.stringify(more));
  };
  const same = { 'status.in': 'lead,active' };
  await refused(b, 'GET /v1/contacts', same);
  await refused(a, 'GET /v1/companies', {});
  await refused(a, 'GET /v1/contacts', { ...same, sort: '-name' });
  await refused(a, 'GET /v1/contacts', { ...same, sort: 'created' });
  await refused(a, 'GET /v1/contacts', {});
  await refused(a, 'GET /v1/contacts', { 'status.in': 'lead' });
  await refused(a, 'GET /v1/contacts', { ...same, 'company.empty': 'true' });
  for (const odd of [
    'x',
    `${after.slice(0, -8)}`,
    after.slice(4),
    'e30',
    Buffer.from('[1,2,3]').toString('base64url'),
    'a'.repeat(3000),
    '!',
    '',
  ]) {
    await refused(a, 'GET /v1/contacts', { ...same, after: odd });
  }
});

test('a cursor with the right binding and a value of no kind is refused like any other odd one', async () => {
  const of = async (sort: string) => {
    const { next } = (await a.call('GET /v1/contacts', { query: { sort, limit: 1 } })).ok;
    return JSON.parse(Buffer.from(next ?? '', 'base64url').toString('utf8')) as [string, string, string];
  };
  const [value, id, bound] = await of('created');
  const [name, , byName] = await of('name');
  const odd: [sort: string, parts: unknown[]][] = [
    ['created', ['2026-13-45T99:99:99.999Z', id, bound]],
    ['created', ['', id, bound]],
    ['created', [value, '------------------------------------', bound]],
    ['created', [value, 'ffffffff-ffff', bound]],
    ['created', [value, null, bound]],
    ['created', [value, id, bound, 1]],
    ['created', [1, id, bound]],
    ['name', [`${name}\0`, id, byName]],
    ['name', [{}, id, byName]],
    ['name', [name, `${id.slice(0, 35)}g`, byName]],
    ['name', [name, id.toUpperCase().replaceAll('-', '_'), byName]],
  ];
  for (const [sort, parts] of odd) {
    const after = Buffer.from(JSON.stringify(parts)).toString('base64url');
    const { problem } = await a.call('GET /v1/contacts', { query: { sort, after } });
    assert.equal(problem.code, 'CURSOR_INVALID', JSON.stringify(parts));
  }
});

test('a cursor stays good when its row is changed or deleted', async () => {
  const first = (await a.call('GET /v1/contacts', { query: { sort: 'name', limit: 3 } })).ok;
  const rest = (await a.call('GET /v1/contacts', { query: { sort: 'name', limit: 3, after: first.next ?? '' } })).ok;
  const last = first.items.at(-1);
  await a.call('DELETE /v1/contacts/{id}', { params: { id: last?.id ?? '' }, version: last?.version ?? 0 });
  const again = (await a.call('GET /v1/contacts', { query: { sort: 'name', limit: 3, after: first.next ?? '' } })).ok;
  assert.deepEqual(again, rest);
});
