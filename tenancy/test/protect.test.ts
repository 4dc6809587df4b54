import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectIsolated, testDatabase } from '../src/testing.ts';
import { TABLES } from './stage.ts';

const db = await testDatabase({ tables: TABLES });
await db.admin.query(`grant create on schema shop to bos_owner; set role bos_owner`);

const refusals: [what: string, table: string, words: RegExp][] = [
  ['rows', 'create table shop.t (id int primary key); insert into shop.t values (1)', /the table has rows/],
  ['no primary key', 'create table shop.t (id int)', /no primary key/],
  ['a tenant_id of another type', 'create table shop.t (tenant_id text, id int primary key)', /tenant_id is not uuid/],
  [
    'tenant_id behind in a key',
    'create table shop.t (tenant_id uuid, id int, primary key (id, tenant_id))',
    /not in front/,
  ],
  [
    'a unique index without the tenant',
    'create table shop.t (id int primary key, email text); create unique index on shop.t (lower(email))',
    /does not begin with tenant_id/,
  ],
  [
    'a foreign key without the tenant',
    'create table shop.t (id int primary key, note uuid); create unique index on shop.notes (id) where false; alter table shop.t add column tenant_id uuid, add foreign key (note, tenant_id) references shop.notes (id, tenant_id)',
    /there is no unique constraint|does not begin with tenant_id/,
  ],
  [
    'a foreign key that cannot be deferred',
    'create table shop.t (tenant_id uuid, id int, note uuid, primary key (tenant_id, id), foreign key (tenant_id, note) references shop.notes)',
    /not deferrable/,
  ],
  [
    'on delete restrict',
    'create table shop.t (tenant_id uuid, id int, note uuid, primary key (tenant_id, id), foreign key (tenant_id, note) references shop.notes on delete restrict deferrable)',
    /on delete restrict/,
  ],
  [
    'set null that would clear tenant_id',
    'create table shop.t (tenant_id uuid, id int, note uuid, primary key (tenant_id, id), foreign key (tenant_id, note) references shop.notes on delete set null deferrable)',
    /would clear tenant_id/,
  ],
  ['a view', 'create view shop.t as select 1 as id', /not a table/],
];
for (const [what, table, words] of refusals) {
  test(`protect() refuses ${what}, and nothing of the migration stays`, async () => {
    await assert.rejects(db.admin.query(`begin; ${table}; select tenancy.protect('shop.t'); commit`), words);
    await db.admin.query('rollback');
    assert.equal((await db.admin.query("select to_regclass('shop.t') as t")).rows[0].t, null);
  });
}

test('protect() makes a plain table a tenant table: column, keys, indexes, policies and exactly the grants', async () => {
  await db.admin.query(`
    create table shop.orders (
      id uuid primary key default gen_random_uuid(), number text unique, note_id uuid, tenant_id uuid not null, total int generated always as (1) stored, made_at timestamptz not null default now(),
      foreign key (tenant_id, note_id) references shop.notes (tenant_id, id) on delete set null (note_id) deferrable initially immediate);
    select tenancy.protect('shop.orders', frozen => '{made_at}')`);
  const keys = await db.admin.query(
    "select pg_get_constraintdef(oid) as d from pg_constraint where conrelid = 'shop.orders'::regclass and contype in ('p', 'u') order by 1",
  );
  assert.deepEqual(
    keys.rows.map(({ d }) => d),
    ['PRIMARY KEY (tenant_id, id)', 'UNIQUE (tenant_id, number)'],
  );
  assert.equal(
    (
      await db.admin.query(
        "select 1 from pg_indexes where tablename = 'orders' and indexdef like '%(tenant_id, note_id)'",
      )
    ).rowCount,
    1,
  );
  assert.equal((await db.admin.query("select 1 from pg_policies where tablename = 'orders'")).rowCount, 3);
  const rights = await db.admin.query(
    "select privilege_type as p from information_schema.role_table_grants where grantee = 'bos_app' and table_name = 'orders' order by 1",
  );
  assert.deepEqual(
    rights.rows.map(({ p }) => p),
    ['DELETE', 'INSERT', 'SELECT'],
  );
  const updatable = await db.admin.query(
    "select column_name as c from information_schema.role_column_grants where grantee = 'bos_app' and table_name = 'orders' and privilege_type = 'UPDATE' order by 1",
  );
  assert.deepEqual(
    updatable.rows.map(({ c }) => c),
    ['note_id', 'number'],
  );
});

test('expectIsolated() passes on a protected table, and fails by name on each that is not', async () => {
  const row = { id: '00000000-0000-4000-8000-000000000001', body: 'same id in both' };
  const good = await testDatabase({ tables: TABLES });
  await expectIsolated(good, 'shop.notes', row);
  const holes: [sql: string, words: RegExp][] = [
    ['alter table shop.notes no force row level security, disable row level security', /shop\.notes: /],
    ['alter policy tenant_isolation on shop.notes using (true); drop policy floor on shop.notes', /shop\.notes: /],
    ['drop policy fence on shop.notes', /exactly the three policies/],
    ['create policy wide on shop.notes using (true)', /exactly the three policies/],
    ['drop policy floor on shop.notes; drop policy tenant_isolation on shop.notes', /shop\.notes: /],
    ['alter table shop.notes no force row level security', /shop\.notes: L02/],
    ['grant update on shop.notes to bos_app', /shop\.notes: L27/],
    ['grant truncate on shop.notes to bos_app', /shop\.notes: L17/],
    [
      'alter table shop.notes drop constraint notes_pkey, add primary key (id)',
      /shop\.notes: a tenant cannot add the row that the other one may have/,
    ],
    ['alter table shop.notes add unique (body)', /shop\.notes: a tenant cannot add/],
  ];
  for (const [sql, words] of holes) {
    const bad = await testDatabase({ tables: TABLES });
    const tenancy = await bad.tenancy({ connections: 2, multiplexed: 1 });
    await bad.admin.query(sql);
    await assert.rejects(expectIsolated({ ...bad, tenancy: async () => tenancy }, 'shop.notes', row), words, sql);
  }
});
