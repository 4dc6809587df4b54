import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { freePort, startEmbedded } from '@businessos/tenancy/embedded';
import { ask, bos, debian15, folder, serve } from './bos.ts';

/** An existing server: the embedded 18 run as if it were somebody else's, and Debian's 15 where it is installed. */
const servers: [name: string, adminUrl: () => Promise<string | undefined>][] = [
  ['PostgreSQL 18', existing18],
  ['PostgreSQL 15', debian15],
];

for (const [name, start] of servers) {
  test(`an existing ${name} is set up once, migrated and served, and the server holds no admin's or migrator's password`, async (t) => {
    const adminUrl = await start();
    if (adminUrl === undefined) {
      t.skip('needs the package postgresql-15');
      return;
    }
    const BOS_DATA = folder();
    const admin = new URL(adminUrl);
    const env = { BOS_DATA, PORT: String(await freePort()), DATABASE_URL: `postgres://${admin.host}/businessos` };
    const early = await bos(env, 'serve');
    assert.deepEqual([early.code, /run `bos setup --admin-url/.test(early.err)], [1, true]);
    const setup = await bos(env, 'setup', '--admin-url', adminUrl, '--database', 'businessos', '--json');
    assert.equal(setup.code, 0, setup.err);
    assert.deepEqual(JSON.parse(setup.out).weaker, []);
    assert.match((await bos(env, 'serve')).err, /no migration ran here; run bos migrate/);
    assert.equal(JSON.parse((await bos(env, 'migrate', '--json')).out).applied.length, 6);
    assert.deepEqual(JSON.parse((await bos(env, 'migrate', '--json')).out).applied, []);
    const roles = readFileSync(join(BOS_DATA, 'roles.json'), 'utf8');
    assert.ok(!roles.includes('bos_migrator'));
    assert.ok(admin.password === '' || !roles.includes(admin.password));
    const running = await serve(env, '"serving"');
    const owner = ['--owner-email', 'ada@acme.example', '--owner-name', 'Ada Byron'];
    assert.equal((await bos(env, 'tenant', 'create', '--slug', 'acme', '--name', 'Acme', ...owner)).code, 0);
    const token = (await bos(env, 'token', '--tenant', 'acme')).out.trim();
    const answer = await ask(env.PORT, 'acme.bos.localhost', '/v1/companies', token);
    const { items } = JSON.parse(answer.body) as { items: { name: string }[] };
    assert.deepEqual(
      items.map((one) => one.name),
      ['Acme'],
    );
    assert.equal((await bos(env, 'doctor')).code, 0);
    if (name === 'PostgreSQL 15') {
      const old = await bos({ ...env, NODE_ENV: 'production', PORT: '0' }, 'serve');
      assert.match(
        old.err,
        /PostgreSQL 15\.\d+ is below 15\.20.*or accept it by name with BOS_ACCEPT_POSTGRES=15\.\d+/s,
      );
    }
    running.kill('SIGTERM');
    assert.deepEqual(await once(running, 'exit'), [0, null]);
  });
}

async function existing18(): Promise<string> {
  const dataDir = folder('pg18');
  mkdirSync(dataDir);
  chmodSync(dataDir, 0o711);
  const server = await startEmbedded({ dataDir, settings: { fsync: 'off' } });
  after(() => server.stop());
  return server.adminUrl;
}
