import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { attest } from '../src/attest.ts';
import { AttestationError } from '../src/errors.ts';
import { testDatabase } from '../src/testing.ts';

const TABLES = `
  create schema shop authorization bos_owner;
  set local role bos_owner;
  grant usage on schema shop to bos_app;
  create table shop.notes (id uuid primary key default gen_random_uuid(), body text);
  select tenancy.protect('shop.notes');`;

/** What somebody changes behind the migrations' back, and a word that the refusal must hold. */
const CHANGES: [what: string, sql: string, named: RegExp][] = [
  ['a role that bypasses row security', 'alter role bos_app bypassrls', /bypassrls/],
  ['a role that may create roles', 'alter role bos_app createrole', /createrole/],
  ['a role that is a member of the owner', 'grant bos_owner to bos_app', /bos_app of bos_owner/],
  ['a role that may create objects', 'grant create on schema shop to bos_app', /schema shop/],
  ['row security switched off', 'alter table shop.notes disable row level security', /shop\.notes/],
  ['row security not forced', 'alter table shop.notes no force row level security', /shop\.notes/],
  [
    'a policy that is not the canonical text',
    'alter policy tenant_isolation on shop.notes using (true)',
    /tenant_isolation/,
  ],
  ['a weaker with check', 'alter policy floor on shop.notes with check (true)', /floor/],
  ['a dropped fence', 'drop policy fence on shop.notes', /fence/],
  ['an extra permissive policy', 'create policy wide on shop.notes using (true)', /wide/],
  ['a grant on the seal keys', 'grant usage on schema seal to bos_app; grant select on seal.keys to bos_app', /seal/],
  [
    'a changed seal function',
    "create or replace function tenancy.current_tenant() returns uuid language sql stable security definer set search_path = pg_catalog, pg_temp return '00000000-0000-4000-8000-000000000000'::uuid",
    /current_tenant/,
  ],
  [
    'a function that runs dynamic SQL',
    'create function shop.run(q text) returns void language plpgsql as $$ begin execute q; end $$',
    /shop\.run/,
  ],
  [
    'a table without isolation',
    'create table shop.open (tenant_id uuid, body text); grant select on shop.open to bos_app',
    /shop\.open/,
  ],
  ['a language given back', 'grant usage on language plpgsql to public', /plpgsql/],
  [
    'advisory locks given back',
    'grant execute on function pg_advisory_xact_lock(bigint) to public',
    /pg_advisory_xact_lock/,
  ],
  ['a setting of the role', "alter role bos_app set app.current_tenant_id = 'x'", /app\.current_tenant_id/],
];

test('a database as the last migration left it is attested', async () => {
  const db = await testDatabase({ tables: TABLES, alone: true });
  await attest(db.connection('bos_app'));
});

for (const [what, sql, named] of CHANGES) {
  test(`the server refuses to start on ${what}, and names it`, async () => {
    const db = await testDatabase({ tables: TABLES, alone: true });
    await db.admin.query(sql);
    try {
      await assert.rejects(
        db.tenancy(),
        (error: Error) => error instanceof AttestationError && named.test(error.message),
      );
    } finally {
      // roles are the server's, shared with other tests
      await db.admin.query(
        'alter role bos_app nobypassrls nocreaterole; alter role bos_app reset all; revoke bos_owner from bos_app',
      );
    }
  });
}

test('a superuser, the owner of the schema and a database without migrations are refused', async () => {
  const db = await testDatabase({ tables: TABLES, alone: true });
  const { user, password, port, host } = new pg.Client(db.adminUrl) as pg.Client & { password: string };
  await assert.rejects(attest({ host, port, database: db.name, user: user ?? '', password }), AttestationError);
  await db.admin.query(`create database ${db.name}_empty`);
  await assert.rejects(attest({ ...db.connection('bos_app'), database: `${db.name}_empty` }), /no migration ran here/);
  await db.admin.query(`drop database ${db.name}_empty`);
});
