import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { attest } from '../src/attest.ts';
import { type MigrationSet, migrate } from '../src/migrate.ts';
import { newSealKeys } from '../src/seal.ts';
import { testDatabase } from '../src/testing.ts';

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A room of migrations from name → text. */
function room(files: Record<string, string>): MigrationSet & { write(name: string, text: string): void } {
  const folder = mkdtempSync(join(tmpdir(), 'bos-migrations-'));
  folders.push(folder);
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  for (const [name, text] of Object.entries(files)) write(name, text);
  return { room: 'shop', directory: pathToFileURL(`${folder}/`), write };
}

const TABLE = `
  create schema shop authorization bos_owner;
  set local role bos_owner;
  grant usage on schema shop to bos_app;
  create table shop.notes (id uuid primary key default gen_random_uuid(), body text);
  select tenancy.protect('shop.notes');`;

const db = await testDatabase();
const options = (sets: MigrationSet[]) => ({
  connection: db.connection('bos_migrator'),
  sets,
  cluster: db.cluster,
  sealKeys: db.sealKeys,
});
const history = async () =>
  (await db.admin.query("select name from tenancy.migrations where room = 'shop' order by number")).rows.map(
    ({ name }) => name,
  );

test('a migration runs once, with its row in the history, and a server attests what it left', async () => {
  const shop = room({ '0001_notes.sql': TABLE });
  assert.deepEqual(await migrate(options([shop])), ['shop/0001_notes']);
  assert.deepEqual(await migrate(options([shop])), []);
  assert.deepEqual(await history(), ['notes']);
  await attest(db.connection('bos_app'));

  await test('two programs that migrate at the same time run each file once', async () => {
    shop.write(
      '0002_more.sql',
      "set local role bos_owner; create table shop.extras (id uuid primary key); select tenancy.protect('shop.extras');",
    );
    const both = await Promise.all([migrate(options([shop])), migrate(options([shop]))]);
    assert.deepEqual(both.flat(), ['shop/0002_more']);
  });

  await test('a file that fails leaves nothing behind, and its cure rolls forward', async () => {
    shop.write('0003_bad.sql', 'set local role bos_owner; create table shop.half (id uuid primary key); select 1/0;');
    await assert.rejects(migrate(options([shop])), {
      code: 'MIGRATION_FAILED',
      message: /shop\/0003_bad: division by zero; nothing of it was kept/,
    });
    assert.deepEqual(await history(), ['notes', 'more']);
    assert.equal((await db.admin.query("select to_regclass('shop.half') is null as gone")).rows[0].gone, true);
    await attest(db.connection('bos_app'));
    shop.write(
      '0003_bad.sql',
      "set local role bos_owner; create table shop.half (id uuid primary key); select tenancy.protect('shop.half');",
    );
    assert.deepEqual(await migrate(options([shop])), ['shop/0003_bad']);
  });

  await test('a file that was changed after it ran is refused by name', async () => {
    shop.write('0001_notes.sql', `${TABLE}\n-- changed`);
    await assert.rejects(migrate(options([shop])), { code: 'HISTORY_DIFFERS', message: /shop\/notes was changed/ });
    shop.write('0001_notes.sql', TABLE);
  });

  await test('a program older than the database is refused', async () => {
    await assert.rejects(migrate(options([room({ '0001_notes.sql': TABLE })])), {
      code: 'SCHEMA_NEWER',
      message: /shop\/more/,
    });
  });

  await test('a gap in the numbers is refused before anything runs', async () => {
    const gap = room({ '0001_notes.sql': TABLE, '0003_later.sql': 'select 1' });
    await assert.rejects(migrate(options([gap])), {
      code: 'REFUSED',
      message: /expected number 2, found 0003_later.sql/,
    });
  });

  await test('a table that is locked for a while is waited for, in short attempts', async () => {
    const holder = new pg.Client(db.adminUrl);
    await holder.connect();
    await holder.query('begin; lock table shop.notes in access exclusive mode');
    shop.write('0004_waits.sql', 'set local role bos_owner; alter table shop.notes add column title text; select 1;');
    const waiting = migrate(options([shop]));
    await new Promise((resolve) => setTimeout(resolve, 2_600)); // longer than one attempt's lock_timeout of 2 s
    await holder.query('rollback');
    await holder.end();
    assert.deepEqual(await waiting, ['shop/0004_waits']);
  });
});

test('a database keeps its region and cluster id', async () => {
  await assert.rejects(
    migrate({ ...options([]), cluster: { ...db.cluster, region: 'us' }, sets: [] }),
    (error: { code: string }) => ['CLUSTER_DIFFERS', 'SCHEMA_NEWER'].includes(error.code),
  );
  const fresh = await testDatabase();
  await assert.rejects(
    migrate({
      connection: fresh.connection('bos_migrator'),
      cluster: { ...fresh.cluster, region: 'us' },
      sealKeys: fresh.sealKeys,
    }),
    { code: 'CLUSTER_DIFFERS', message: /region eu; its region cannot change/ },
  );
  await assert.rejects(
    fresh.admin.query(
      "insert into tenancy.homes (tenant_id, region, state, mode) values (gen_random_uuid(), 'us', 'home', 'open')",
    ),
    { code: '23503' },
  );
});

test('seal keys rotate: both verify, and a key that is gone is dead at the next statement', async () => {
  const fresh = await testDatabase();
  const both = newSealKeys(fresh.sealKeys);
  const rotate = (sealKeys: typeof both) =>
    migrate({ connection: fresh.connection('bos_migrator'), cluster: fresh.cluster, sealKeys });
  const [old, mine] = [await fresh.tenancy(), await fresh.tenancy({ sealKeys: both })];
  const probe = { text: 'select tenancy.current_tenant() as t', values: [] };
  const ask = (tenancy: typeof old) =>
    tenancy.withTenant(fresh.tenants[0], 's:test', async () => (await tenancy.query(probe)).rows[0]?.['t']);
  await assert.rejects(ask(mine), { code: 'FORBIDDEN' });
  await rotate(both);
  assert.equal(await ask(old), fresh.tenants[0]);
  assert.equal(await ask(mine), fresh.tenants[0]);
  await rotate({ active: both.active, keys: { [both.active]: both.keys[both.active] as string } });
  await assert.rejects(ask(old), { code: 'FORBIDDEN' });
  assert.equal(await ask(mine), fresh.tenants[0]);
  old.rotateSealKeys(both);
  assert.equal(await ask(old), fresh.tenants[0]);
});
