import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { attest } from '../src/attest.ts';
import { type Embedded, startEmbedded } from '../src/embedded/embedded.ts';
import { migrate } from '../src/migrate.ts';
import { newSealKeys } from '../src/seal.ts';
import { type SetupResult, setup } from '../src/setup.ts';
import { createTenancy } from '../src/tenancy.ts';

// Roles belong to a whole server, so each mode needs one that nobody has set up before.
const dataDir = mkdtempSync(join(tmpdir(), 'bos-setup-'));
chmodSync(dataDir, 0o711);
const sealKeys = newSealKeys();
let server: Embedded;
before(async () => {
  server = await startEmbedded({ dataDir, settings: { fsync: 'off' } });
});
after(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const connection = (done: SetupResult, user: string) => ({
  host: done.host,
  port: done.port,
  database: done.database,
  user,
  password: done.passwords[user],
});

/** Migrates, opens the kernel as bos_app and writes one row of a tenant. */
async function serve(done: SetupResult): Promise<void> {
  await migrate({
    connection: connection(done, 'bos_migrator'),
    cluster: { region: 'eu', clusterId: '00000000-0000-4000-8000-0000000000c2' },
    sealKeys,
  });
  const tenancy = await createTenancy({
    connection: connection(done, 'bos_app'),
    control: connection(done, 'bos_control'),
    sealKeys,
  });
  const tenant = '00000000-0000-4000-8000-00000000000a';
  await tenancy.privileged('make a tenant for the test', (db) =>
    db.query({
      text: "insert into tenancy.homes (tenant_id, region, state, mode) values ($1, 'eu', 'home', 'open')",
      values: [tenant],
    }),
  );
  const seen = await tenancy.withTenant(tenant, 's:test', () =>
    tenancy.query({ text: 'select tenancy.current_tenant() as t', values: [] }),
  );
  assert.equal(seen.rows[0]?.['t'], tenant);
  await tenancy.end();
}

test('an admin with only CREATEROLE and CREATEDB gets a working database, and is told what is weaker', async () => {
  const admin = new pg.Client(server.adminUrl);
  await admin.connect();
  await admin.query("create role landlord login createrole createdb password 'lord'");
  await admin.end();
  const url = new URL(server.adminUrl);
  [url.username, url.password] = ['landlord', 'lord'];
  const done = await setup({ adminUrl: url.href, database: 'managed' });
  assert.ok(
    done.weaker.some(
      (line) => line.includes('language plpgsql') && line.includes('the statement gate is the only guard'),
    ),
  );
  assert.ok(done.weaker.some((line) => line.includes('pg_advisory_lock')));
  await serve(done);
});

test('a superuser gets the full mode, on a server whose roles exist already, and passwords are kept on request', async () => {
  const first = await setup({ adminUrl: server.adminUrl, database: 'shop' });
  assert.deepEqual(first.weaker, []);
  const again = await setup({ adminUrl: server.adminUrl, database: 'shop', passwords: first.passwords });
  assert.deepEqual(again, first);
  await serve(first);
  await attest(connection(first, 'bos_app'));
});

test('a wrong password, a wrong name and an unreachable server are told in words', async () => {
  const wrong = new URL(server.adminUrl);
  wrong.password = 'nope';
  await assert.rejects(
    setup({ adminUrl: wrong.href, database: 'shop' }),
    /setting the database up: password authentication failed/,
  );
  await assert.rejects(
    setup({ adminUrl: server.adminUrl, database: 'Shop; drop' }),
    /expected a plain lower-case name/,
  );
  wrong.port = '1';
  await assert.rejects(setup({ adminUrl: wrong.href, database: 'shop' }), { code: 'DATABASE_UNAVAILABLE' });
});
