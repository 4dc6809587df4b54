import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { freePort } from '@businessos/tenancy/embedded';
import { ask, bos, folder, serve } from './bos.ts';

const BOS_DATA = folder();
const PORT = String(await freePort());
const env = { BOS_DATA, PORT };

/** Every process whose command line names the data folder: the server's PostgreSQL. */
function processes(): string[] {
  return execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(BOS_DATA) && line.includes('postgres'));
}

async function contacts(screen: string): Promise<number> {
  const [, token, url] = /Bearer (\S+)' '(http:\/\/nordwind\S+)'/.exec(screen) ?? [];
  const { hostname, pathname, search } = new URL(url ?? '');
  return (JSON.parse((await ask(PORT, hostname, pathname + search, token)).body) as { items: unknown[] }).items.length;
}

test('npm start: one screen, ready lines that work, a page without tokens', async () => {
  const running = await serve(env, 'Start afresh', '--demo');
  for (const name of [
    'Nordwind Energie (pro)',
    'Orchard & Vine (free)',
    'Kestrel Audio (enterprise)',
    BOS_DATA,
    'Ctrl-C',
  ]) {
    assert.ok(running.screen.includes(name), `${name} is not on the screen:\n${running.screen}`);
  }
  assert.equal(await contacts(running.screen), 3);
  const { body: page } = await ask(PORT, 'localhost', '/');
  for (const slug of ['nordwind', 'orchard', 'kestrel'])
    assert.ok(page.includes(`http://${slug}.bos.localhost:${PORT}/`));
  assert.ok(!page.includes('eyJ'), 'the page holds a token');

  await test('a second start on the same data is refused in words, and does no harm', async () => {
    const second = await bos({ ...env, PORT: String(await freePort()) }, 'serve', '--demo');
    assert.equal(second.code, 1);
    assert.match(second.err, /BusinessOS runs on .* already: process \d+ at http:\/\/localhost:\d+/);
    assert.equal(await contacts(running.screen), 3);
  });

  await test('commands work beside the running server, each with JSON and exit codes', async () => {
    const list = JSON.parse((await bos(env, 'tenant', 'list', '--json')).out) as { slug: string }[];
    assert.deepEqual(
      list.map(({ slug }) => slug),
      ['kestrel', 'nordwind', 'orchard'],
    );
    const owner = ['--owner-email', 'ada@acme.example', '--owner-name', 'Ada Byron'];
    const made = await bos(
      env,
      'tenant',
      'create',
      '--slug',
      'acme',
      '--name',
      'Acme Tools',
      ...owner,
      '--key',
      'k1',
      '--json',
    );
    assert.equal(made.code, 0, made.err);
    const again = await bos(
      env,
      'tenant',
      'create',
      '--slug',
      'acme',
      '--name',
      'Acme Tools',
      ...owner,
      '--key',
      'k1',
      '--json',
    );
    assert.deepEqual(JSON.parse(again.out), JSON.parse(made.out));
    const taken = await bos(env, 'tenant', 'create', '--slug', 'acme', '--name', 'Other', ...owner);
    assert.deepEqual([taken.code, /slug is taken: choose another slug/.test(taken.err)], [1, true]);
    const reserved = await bos(env, 'tenant', 'create', '--slug', 'www', '--name', 'Other', ...owner);
    assert.deepEqual([reserved.code, /slug is reserved/.test(reserved.err)], [1, true]);
    assert.equal(JSON.parse((await bos(env, 'tenant', 'suspend', 'acme', '--json')).out).mode, 'suspended');
    assert.equal(JSON.parse((await bos(env, 'tenant', 'resume', 'acme', '--json')).out).mode, 'open');
    assert.match((await bos(env, 'tenant', 'show', 'acme')).out, /name +Acme Tools/);
    assert.equal((await bos(env, 'tenant', 'show', 'nobody')).code, 1);
    const token = await bos(env, 'token', '--tenant', 'acme');
    assert.match(token.out, /^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/);
    assert.match((await bos(env, 'token', '--operator', '--minutes', '5', '--json')).out, /"expires_in": 300/);
    assert.equal((await bos(env, 'doctor')).code, 0);
    const check = await bos(env, 'check', '--json');
    assert.equal(check.code, 0, check.out);
    assert.equal(JSON.parse((await bos(env, 'check', '--sarif')).out).version, '2.1.0');
    assert.match((await bos(env, 'check', '--explain', 'l07')).out, /^L07 /);
  });

  await test('kill -9 of the server leaves the data, and the next start adopts what still runs', async () => {
    running.kill('SIGKILL');
    await once(running, 'exit');
    assert.equal(processes().length > 0, true);
    const next = await serve(env, 'Start afresh', '--demo');
    assert.equal(await contacts(next.screen), 3);
    next.kill('SIGTERM');
    const [code] = await once(next, 'exit');
    assert.equal(code, 0);
    assert.deepEqual(processes(), [], 'a process was left behind');
  });
});

test('a taken port is refused in words before any database is made', async () => {
  const other = createServer().listen(0);
  await once(other, 'listening');
  const port = String((other.address() as { port: number }).port);
  const data = folder();
  const refused = await bos({ BOS_DATA: data, PORT: port }, 'serve', '--demo');
  other.close();
  assert.deepEqual(
    [refused.code, refused.err.trim()],
    [1, `bos: port ${port} is taken: stop what uses it, or start with PORT=${Number(port) + 1}`],
  );
});

test('the demo and the embedded database are refused in production', async () => {
  const production = { BOS_DATA: folder(), PORT: '0', NODE_ENV: 'production' };
  assert.match((await bos(production, 'serve', '--demo')).err, /--demo never runs with NODE_ENV=production/);
  assert.match((await bos(production, 'serve')).err, /NODE_ENV=production needs DATABASE_URL/);
});

test('wrong usage ends with 2 and a word to the fix; every command has help with an example', async () => {
  assert.equal((await bos(env, 'nonsense')).code, 2);
  assert.equal((await bos(env, 'token')).code, 2);
  assert.equal((await bos(env, 'token', '--tenant', 'a', '--minutes', '0')).code, 2);
  assert.equal((await bos(env, 'setup')).code, 2);
  assert.match((await bos({ ...env, PORT: 'x' }, 'serve')).err, /PORT: expected a whole number/);
  assert.match(
    (await bos({ ...env, DATABASE_URL: 'postgres://me:secret@h/d' }, 'serve')).err,
    /leave user and password out/,
  );
  for (const command of [
    'serve',
    'setup',
    'migrate',
    'check',
    'doctor',
    'token',
    'tenant create',
    'tenant list',
    'tenant show',
    'tenant suspend',
    'tenant resume',
  ]) {
    const help = await bos(env, ...command.split(' '), '--help');
    assert.equal(help.code, 0);
    assert.match(help.out, /Examples?:\n {2}\S/, `${command} --help has no example`);
    if (command !== 'serve') assert.match(help.out, /--json/);
  }
});
