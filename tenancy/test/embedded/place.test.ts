import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { getNative, prepareBinaries, program } from '../../src/embedded/binaries.ts';
import { startEmbedded } from '../../src/embedded/embedded.ts';
import { withLock } from '../../src/embedded/lock.ts';
import { isAlive } from '../../src/embedded/pid.ts';
import { findFreePort } from '../../src/embedded/postmaster.ts';
import { ask, backAs, folder, IS_ROOT, runElsewhere, startElsewhere, until } from './folder.ts';

test('an initdb that was killed half way is cleaned up and made again', async (t) => {
  const dataDir = await folder(t);
  const child = runElsewhere(t, dataDir);
  const isWork = (name: string) => name.startsWith('postgres.initdb-');
  await until('initdb runs', async () => (await readdir(dataDir).catch(() => [])).some(isWork));
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok((await readdir(dataDir)).some(isWork));
  // The same for a folder of that name with nothing but initdb's own files.
  await mkdir(join(dataDir, 'postgres', 'base'), { recursive: true });
  await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), '18\n');

  const running = await startEmbedded({ dataDir });
  assert.equal(running.started, true);
  assert.deepEqual((await readdir(dataDir)).sort(), ['postgres', 'postgres-admin.json', 'postgres.log']);
});

test('files in the place of the data directory that were not made here are never removed', async (t) => {
  const dataDir = await folder(t);
  await mkdir(join(dataDir, 'postgres'), { recursive: true });
  for (const name of ['postmaster.opts', 'letters.txt']) {
    await writeFile(join(dataDir, 'postgres', name), 'mine');
    await assert.rejects(startEmbedded({ dataDir }), { code: 'DATA_FOREIGN' });
    assert.equal(await readFile(join(dataDir, 'postgres', name), 'utf8'), 'mine');
    await rm(join(dataDir, 'postgres', name));
  }
});

test('binaries without their library links and exec bits run after the supervisor looked at them', async (t) => {
  const copy = await copyPackage(t, 0o755);
  const links = JSON.parse(await readFile(join(copy, 'pg-symlinks.json'), 'utf8')) as { target: string }[];
  for (const { target } of links) await rm(join(copy, '..', target), { force: true });
  for (const name of ['postgres', 'initdb'] as const) await chmod(program(copy, name), 0o644);
  assert.notEqual(spawnSync(program(copy, 'initdb'), ['--version']).status, 0);
  assert.equal(await prepareBinaries(undefined, copy), copy);
  for (const name of ['postgres', 'initdb'] as const) {
    assert.equal(spawnSync(program(copy, name), ['--version']).status, 0, name);
  }
});

async function copyPackage(t: TestContext, mode: number): Promise<string> {
  const base = await mkdtemp(join(tmpdir(), 'bos binaries '));
  t.after(() => rm(base, { recursive: true, force: true }));
  await chmod(base, mode);
  const native = getNative();
  const filter = (from: string) => !from.endsWith('.a');
  await cp(native, join(base, 'native'), { recursive: true, filter, verbatimSymlinks: true });
  await copyFile(join(native, '..', 'package.json'), join(base, 'package.json'));
  return join(base, 'native');
}

test('root runs binaries that PostgreSQL cannot reach from a complete copy that only root can write', async (t) => {
  if (!IS_ROOT) return t.skip('needs root');
  const hidden = await copyPackage(t, 0o700);
  // Other content, hence another copy than the one that a server here may be running.
  await writeFile(join(hidden, 'share', 'content.txt'), 'x'.repeat(process.pid));
  const user = { uid: 65534, gid: 65534 };
  const made = await prepareBinaries(user, hidden);
  t.after(() => rm(dirname(made), { recursive: true, force: true }));
  assert.notEqual(made, hidden);
  assert.equal(spawnSync(program(made, 'initdb'), ['--version'], { ...user, cwd: '/' }).status, 0);
  for (const name of await readdir(dirname(made), { recursive: true })) {
    const { uid, mode } = await stat(join(dirname(made), name));
    assert.deepEqual([uid, mode & 0o022], [0, 0], name);
  }
  // A cleaner of old files took one: the copy is completed and not run as it is.
  const links = JSON.parse(await readFile(join(made, 'pg-symlinks.json'), 'utf8')) as { target: string }[];
  const needed = links.find(({ target }) => /libpq\W.*5/.test(target));
  const lost = [join(made, 'share', 'postgresql', 'postgres.bki'), join(made, '..', needed?.target ?? '')];
  for (const file of lost) {
    await rm(file);
    assert.equal(await prepareBinaries(user, hidden), made);
    assert.ok(await stat(file));
  }
});

test('root puts the files outside a folder that PostgreSQL cannot enter, and finds them again', async (t) => {
  if (!IS_ROOT) return t.skip('needs root');
  const dataDir = await folder(t);
  await chmod(dirname(dataDir), 0o700);
  const first = await startEmbedded({ dataDir });
  assert.equal(first.dataDirectory.startsWith(dirname(dataDir)), false);
  await ask(first, 'create table kept as select 1 as one');
  await first.stop();
  const second = await startEmbedded({ dataDir });
  assert.equal(second.dataDirectory, first.dataDirectory);
  assert.deepEqual(await ask(second, 'select one from kept'), [{ one: 1 }]);
  await second.stop();

  // The product's folder is removed and made anew: the old database is not ours to open, nor to remove.
  await rm(dataDir, { recursive: true });
  const third = await startEmbedded({ dataDir });
  t.after(() => rm(first.dataDirectory, { recursive: true, force: true }));
  assert.notEqual(third.dataDirectory, first.dataDirectory);
  assert.ok(await stat(first.dataDirectory));
});

test('root starts a folder that root unpacked, after which it belongs to the user of PostgreSQL', async (t) => {
  if (!IS_ROOT) return t.skip('needs root');
  const dataDir = await folder(t);
  const first = await startEmbedded({ dataDir });
  await ask(first, 'create table kept as select 1 as one');
  await first.stop();
  const copied = await folder(t);
  await cp(dataDir, copied, { recursive: true });
  await chmod(copied, 0o711);
  assert.equal((await stat(join(copied, 'postgres'))).uid, 0);
  const second = await startEmbedded({ dataDir: copied });
  assert.deepEqual(await ask(second, 'select one from kept'), [{ one: 1 }]);
});

test('a normal user starts, adopts and gets it back, as itself and with nothing of root', async (t) => {
  if (!IS_ROOT) return t.skip('every other test is that already');
  const user = { uid: 65534, gid: 65534 };
  if (spawnSync(process.execPath, ['--version'], { ...user, cwd: '/' }).status !== 0) {
    return t.skip('needs a checkout that user 65534 can enter');
  }
  const dataDir = await folder(t, user);
  const first = await startElsewhere(t, dataDir, user);
  assert.deepEqual([first.line.started, first.line.error], [true, undefined]);
  assert.equal((await stat(join(dataDir, 'postgres'))).uid, user.uid);
  process.kill(first.line.pid, 'SIGKILL');
  const back = await backAs(dataDir, first.line.pid);
  process.kill(first.child.pid ?? 0, 'SIGKILL');
  await once(first.child, 'exit');
  const second = await startElsewhere(t, dataDir, user);
  assert.deepEqual([second.line.started, second.line.pid], [false, back.pid]);
  second.child.kill('SIGKILL');
  await back.stop();
  assert.equal(isAlive(back.pid), false);

  // Root may start the same folder once, and the user is not locked out by it.
  await rm(join(dataDir, 'postgres.log'));
  const asRoot = await startEmbedded({ dataDir, port: (await findFreePort(0)) ?? 0 });
  assert.notEqual(asRoot.port, back.port);
  assert.equal((await stat(asRoot.dataDirectory)).uid, user.uid);
  await asRoot.stop();
  const third = await startElsewhere(t, dataDir, user);
  assert.deepEqual([third.line.started, third.line.error], [true, undefined]);
  third.child.kill('SIGKILL');
});

test('a user cannot start or spoil the folder of another', async (t) => {
  if (!IS_ROOT) return t.skip('needs root');
  const dataDir = await folder(t);
  const running = await startEmbedded({ dataDir });
  await running.stop();
  const { line } = await startElsewhere(t, dataDir, { uid: 65534, gid: 65534 });
  assert.match(line.error ?? '', /owner of that folder/);
  assert.equal((await startEmbedded({ dataDir })).started, true);
});

test('a lock lets one in at a time and is taken over from the dead and from the silent', async (t) => {
  const dataDir = await folder(t);
  await mkdir(dataDir);
  const file = join(dataDir, 'lock');
  let inside = 0;
  const visit = async () => {
    assert.equal(++inside, 1);
    await sleep(5);
    inside--;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock(file, visit)));

  const dead = spawnSync(process.execPath, ['--version']);
  for (const holder of [`${dead.pid} of a dead process`, `${process.pid} of an earlier process with this pid`]) {
    await writeFile(file, holder);
    await withLock(file, visit, Number.POSITIVE_INFINITY);
  }
  const stranger = spawn('sleep', ['600'], { stdio: 'ignore' });
  t.after(() => stranger.kill());
  await writeFile(file, `${stranger.pid} of an earlier process with its pid`);
  await withLock(file, visit, 300);
  await assert.rejects(stat(file), { code: 'ENOENT' });
});
