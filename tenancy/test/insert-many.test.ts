import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '../src/index.ts';
import { testDatabase } from '../src/testing.ts';

const db = await testDatabase({
  tables: `
    create schema shop authorization bos_owner;
    set local role bos_owner;
    grant usage on schema shop to bos_app;
    create type shop.colour as enum ('red', 'blue');
    create table shop.things (
      id uuid primary key default gen_random_uuid(), name text, big bigint, amount numeric(20, 4), ratio float8, bytes bytea,
      at timestamptz, day date, tags text[], colour shop.colour, data jsonb, flag boolean, span interval,
      "constructor" text);
    select tenancy.protect('shop.things');`,
});
const [a, b] = db.tenants;
const tenancy = await db.tenancy({ connections: 2, multiplexed: 0 });
const as = <T>(tenant: string, work: () => Promise<T>) => tenancy.withTenant(tenant, 's:test', work);
const put = (row: Record<string, unknown>) => as(a, () => tenancy.insertMany('shop.things', Object.keys(row), [row]));
const got = async (column: string) =>
  (await as(a, () => tenancy.query({ text: `delete from shop.things returning ${column} as v`, values: [] }))).rows.map(
    ({ v }) => v,
  );

test('each type of value comes back as it went in', async () => {
  const at = new Date('2026-02-28T23:59:59.999Z');
  const cases: [column: string, value: unknown, back?: unknown][] = [
    ['name', 'O\'Brien — ümläut 🎈 \\ "quoted" $1 {} \n'],
    ['name', ''],
    ['name', null],
    ['name', undefined, null],
    ['big', 9_007_199_254_740_993n, '9007199254740993'],
    ['big', '-9223372036854775808'],
    ['amount', '12345678901234.5678'],
    ['amount', 0.1, '0.1000'],
    ['ratio', 1e-300],
    ['ratio', Number.NaN],
    ['ratio', Number.NEGATIVE_INFINITY],
    ['bytes', Buffer.from([0, 255, 92, 10])],
    ['bytes', new Uint8Array([1, 2, 3]), Buffer.from([1, 2, 3])],
    ['at', at],
    ['at', '2026-03-01 00:00:00+00', new Date('2026-03-01T00:00:00Z')],
    ['day::text', '2026-02-28'],
    ['tags', ['a,b', '{"c"}', null, '']],
    ['tags', []],
    ['colour::text', 'blue'],
    ['data', { nested: [1, { two: 'x' }], text: '\\x00' }],
    ['data', [1, 2]],
    ['data', 'text'],
    ['flag', false],
    ['span::text', '1 day 02:00:00'],
    ['constructor', 'a column like any other'],
  ];
  for (const [column, value, back = value] of cases) {
    const name = column.split(':')[0] as string;
    assert.equal(await put({ [name]: value }), 1);
    assert.deepEqual(await got(`"${name}"${column.slice(name.length)}`), [back], `${column} ${String(value)}`);
  }
});

test('a value of the wrong form is refused by its kind, and nothing is written', async () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const cases: [row: Record<string, unknown>, code: string][] = [
    [{ big: 'twelve' }, 'VALUE_REFUSED'],
    [{ big: 9_223_372_036_854_775_808n }, 'VALUE_REFUSED'],
    [{ big: Number.NaN }, 'VALUE_REFUSED'],
    [{ amount: '99999999999999999' }, 'VALUE_REFUSED'],
    [{ colour: 'green' }, 'VALUE_REFUSED'],
    [{ day: '2026-02-30' }, 'VALUE_REFUSED'],
    [{ name: 'a\0b' }, 'VALUE_REFUSED'],
    [{ name: '\ud800' }, 'VALUE_REFUSED'],
    [{ data: cyclic }, 'VALUE_REFUSED'],
    [{ data: { deep: 1n } }, 'VALUE_REFUSED'],
    [{ id: null }, 'VALUE_REFUSED'],
    [{ missing: 1 }, 'QUERY_FAILED'],
    [{ tenant_id: b }, 'REFUSED'],
    [{ 'name"; drop table shop.things; --': 1 }, 'REFUSED'],
  ];
  for (const [row, code] of cases) await assert.rejects(put(row), { code }, Object.keys(row).join());
  for (const row of [{}, { name: 'x', toString: 'y' }, { nam: 'x' }])
    await assert.rejects(
      as(a, () => tenancy.insertMany('shop.things', ['name'], [row])),
      { code: 'REFUSED' },
    );
  await assert.rejects(
    as(a, () => tenancy.insertMany('shop.things', ['name', 'constructor'], [{ name: 'x' }])),
    {
      code: 'REFUSED',
    },
  );
  assert.deepEqual(await got('name'), []);
  assert.equal(tenancy.counters().leased, 0);
});

test('2,500 rows are inserted all or none, also inside a transaction and its savepoints', async () => {
  const rows = (bad: number) =>
    Array.from({ length: 2_500 }, (_, n) => ({ name: `row ${n}`, big: n === bad ? 'x' : n }));
  const count = async () =>
    (await as(a, () => tenancy.query<{ n: number }>(sql`select count(*)::int as n from shop.things`))).rows[0]?.n;
  for (const bad of [0, 1_000, 2_499])
    await assert.rejects(
      as(a, () => tenancy.insertMany('shop.things', ['name', 'big'], rows(bad))),
      {
        code: 'VALUE_REFUSED',
      },
    );
  assert.equal(await count(), 0);
  assert.equal(await as(a, () => tenancy.insertMany('shop.things', ['name', 'big'], rows(-1))), 2_500);
  assert.equal(await as(a, () => tenancy.insertMany('shop.things', ['name'], [])), 0);
  await as(a, () =>
    tenancy.transaction(async (tx) => {
      await assert.rejects(
        tx.savepoint(() => tx.insertMany('shop.things', ['name', 'big'], rows(2_000))),
        {
          code: 'VALUE_REFUSED',
        },
      );
      assert.equal(await tx.insertMany('shop.things', ['big', 'name'], rows(-1)), 2_500);
    }),
  );
  assert.equal(await count(), 5_000);
  assert.equal((await as(b, () => tenancy.query(sql`select 1 from shop.things`))).rowCount, 0);
});
