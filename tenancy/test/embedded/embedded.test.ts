import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { EmbeddedError, findEmbedded, startEmbedded } from '../../src/embedded/embedded.ts';
import { isAlive } from '../../src/embedded/pid.ts';
import { ask, backAs, folder, IS_ROOT, startElsewhere, until } from './folder.ts';

test('a fresh folder gets a PostgreSQL that only this machine and only its password reach', async (t) => {
  const dataDir = await folder(t);
  assert.equal(await findEmbedded(dataDir), undefined);
  const running = await startEmbedded({ dataDir, settings: { work_mem: '7MB' } });
  assert.equal(running.started, true);
  assert.deepEqual(
    await ask(
      running,
      `select current_setting('listen_addresses') listen, current_setting('unix_socket_directories') socket,
        current_setting('wal_level') wal, current_setting('fsync') fsync, current_setting('data_checksums') checksums,
        current_setting('wal_segment_size') segment, current_setting('shared_buffers') buffers,
        current_setting('max_connections') connections, current_setting('work_mem') work_mem,
        current_setting('log_parameter_max_length_on_error') logged, datlocprovider::text provider, datlocale locale,
        pg_encoding_to_char(encoding) encoding from pg_database where datname = 'template0'`,
    ),
    [
      {
        listen: '127.0.0.1',
        socket: '',
        wal: 'logical',
        fsync: 'on',
        checksums: 'on',
        segment: '4MB',
        buffers: '32MB',
        connections: '60',
        work_mem: '7MB',
        logged: '0',
        provider: 'b',
        locale: 'C.UTF-8',
        encoding: 'UTF8',
      },
    ],
  );
  assert.deepEqual(await ask(running, `select distinct auth_method from pg_hba_file_rules`), [
    { auth_method: 'scram-sha-256' },
  ]);
  const wrong = new pg.Client({ host: '127.0.0.1', port: running.port, user: 'postgres', password: 'postgres' });
  await assert.rejects(wrong.connect(), { code: '28P01' });

  for (const name of ['postgres-admin.json', 'postgres.log']) {
    assert.equal((await stat(join(dataDir, name))).mode & 0o777, 0o600, name);
  }
  const { password } = JSON.parse(await readFile(join(dataDir, 'postgres-admin.json'), 'utf8')) as { password: string };
  assert.doesNotMatch(JSON.stringify(running), new RegExp(password));
  assert.equal((await stat(running.dataDirectory)).uid === 0, false);
  assert.equal(dirname(running.dataDirectory), dataDir);
});

test('a second start adopts what runs, and stop leaves no process and keeps the data', async (t) => {
  const dataDir = await folder(t);
  const first = await startEmbedded({ dataDir });
  await ask(first, 'create table kept as select 1 as one');
  const second = await startEmbedded({ dataDir });
  assert.deepEqual([second.started, second.pid, second.port], [false, first.pid, first.port]);
  await second.stop();
  assert.equal(isAlive(first.pid), false);
  assert.equal(await findEmbedded(dataDir), undefined);
  await first.stop();

  const third = await startEmbedded({ dataDir });
  assert.deepEqual([third.started, third.port], [true, first.port]);
  assert.deepEqual(await ask(third, 'select one from kept'), [{ one: 1 }]);
  await Promise.all([third.stop(), third.stop()]);
  assert.equal(isAlive(third.pid), false);
});

test('processes that start one fresh folder at the same time share one PostgreSQL', async (t) => {
  const dataDir = await folder(t);
  const here = [startEmbedded({ dataDir }), startEmbedded({ dataDir })];
  const all = [...(await Promise.all([1, 2].map(() => startElsewhere(t, dataDir)))).map(({ line }) => line)];
  for (const started of await Promise.all(here)) all.push({ started: started.started, pid: started.pid });
  assert.equal(all.filter(({ started }) => started).length, 1, JSON.stringify(all));
  assert.equal(new Set(all.map(({ pid }) => pid)).size, 1);
});

test('PostgreSQL survives Ctrl-C and kill -9 of the process that started it, and the next one adopts it', async (t) => {
  const dataDir = await folder(t);
  const first = await startElsewhere(t, dataDir);
  // As a terminal does: to the whole process group.
  process.kill(-(first.child.pid ?? 0), 'SIGINT');
  await once(first.child, 'exit');
  const second = await startElsewhere(t, dataDir);
  assert.deepEqual(second.line, { started: false, pid: first.line.pid });
  process.kill(second.child.pid ?? 0, 'SIGKILL');
  await once(second.child, 'exit');
  const adopted = await startEmbedded({ dataDir });
  assert.deepEqual([adopted.started, adopted.pid], [false, first.line.pid]);
  assert.deepEqual(await ask(adopted, 'select 1 as one'), [{ one: 1 }]);
  await adopted.stop();
  assert.equal(isAlive(adopted.pid), false);
});

test('a postmaster that is killed comes back on its port with every committed row', async (t) => {
  const dataDir = await folder(t);
  const log: string[] = [];
  const running = await startEmbedded({ dataDir, log: (line) => log.push(line) });
  await ask(running, 'create table kept as select 1 as one');
  const old = running.pid;
  process.kill(old, 'SIGKILL');
  await until('the handle knows', () => running.pid !== old);
  assert.deepEqual(await ask(running, 'select one from kept'), [{ one: 1 }]);
  assert.ok(log.some((line) => line.includes(`process ${old}, died`)));
  assert.ok(log.some((line) => line.includes('is back')));
  await running.stop();
  assert.equal(isAlive(running.pid), false);
});

test('a start waits for the last child of a killed postmaster and does not run beside it', async (t) => {
  const dataDir = await folder(t);
  const first = await startEmbedded({ dataDir, restart: false });
  const client = new pg.Client({ connectionString: first.adminUrl });
  client.on('error', () => {});
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const child = rows[0]?.pid ?? 0;
  // Stopped, it cannot notice that its postmaster is gone and holds the shared memory.
  process.kill(child, 'SIGSTOP');
  process.kill(first.pid, 'SIGKILL');
  await until('it is dead', () => !isAlive(first.pid));
  const log: string[] = [];
  const start = startEmbedded({ dataDir, log: (line) => log.push(line) });
  await until('it waits', () => log.some((line) => line.includes('hold its memory')));
  assert.equal(await findEmbedded(dataDir), undefined);
  process.kill(child, 'SIGCONT');
  const second = await start;
  assert.deepEqual([second.started, await ask(second, 'select 1 as one')], [true, [{ one: 1 }]]);
});

test('an adopted postmaster that is killed comes back, and one started with restart off does not', async (t) => {
  const dataDir = await folder(t);
  const { child, line } = await startElsewhere(t, dataDir);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const adopted = await startEmbedded({ dataDir });
  process.kill(line.pid, 'SIGKILL');
  const back = await backAs(dataDir, line.pid);
  await adopted.stop();
  assert.equal(isAlive(back.pid), false);

  const single = await startEmbedded({ dataDir, restart: false });
  process.kill(single.pid, 'SIGKILL');
  await until('it is dead', () => !isAlive(single.pid));
  await sleep(700);
  assert.equal(await findEmbedded(dataDir), undefined);
  await single.stop();
});

test('a PostgreSQL that somebody else stops stays stopped', async (t) => {
  const dataDir = await folder(t);
  const log: string[] = [];
  const owner = await startEmbedded({ dataDir, log: (line) => log.push(line) });
  const adopter = await startEmbedded({ dataDir, log: (line) => log.push(line) });
  await (await findEmbedded(dataDir))?.stop();
  await until('both say so', () => log.filter((line) => line.includes('stopped from outside')).length === 2);
  assert.equal(await findEmbedded(dataDir), undefined);
  await Promise.all([owner.stop(), adopter.stop()]);
});

test('a taken port is replaced when it was only remembered and refused when it was asked for', async (t) => {
  const dataDir = await folder(t);
  const first = await startEmbedded({ dataDir });
  await first.stop();
  const squatter = createServer((socket) => socket.destroy());
  squatter.listen(first.port, '127.0.0.1');
  await once(squatter, 'listening');
  t.after(() => squatter.close());

  await assert.rejects(startEmbedded({ dataDir, port: first.port }), (error) => {
    assert.ok(error instanceof EmbeddedError);
    assert.equal(error.code, 'PORT_TAKEN');
    assert.match(error.message, new RegExp(`Port ${first.port} is taken.*choose another port`));
    return true;
  });
  const log: string[] = [];
  const second = await startEmbedded({ dataDir, log: (line) => log.push(line) });
  assert.notEqual(second.port, first.port);
  assert.ok(log.some((line) => line.includes(`port ${first.port}`) && line.includes(`port ${second.port}`)));
  await second.stop();
  squatter.close();
  const third = await startEmbedded({ dataDir, port: first.port });
  assert.equal(third.port, first.port);
});

test('a pid file that names a living process of somebody else neither blocks the start nor harms that process', async (t) => {
  const dataDir = await folder(t);
  const first = await startEmbedded({ dataDir });
  const file = join(first.dataDirectory, 'postmaster.pid');
  const text = await readFile(file, 'utf8');
  await first.stop();
  const { uid, gid } = await stat(first.dataDirectory);
  // Of PostgreSQL's own user, for which its own check of the pid file would say "already exists".
  const stranger = spawn('sleep', ['60'], { stdio: 'ignore', cwd: '/', ...(IS_ROOT ? { uid, gid } : {}) });
  t.after(() => stranger.kill());
  await once(stranger, 'spawn');
  await writeFile(file, text.replace(/^\d+/, String(stranger.pid)), { mode: 0o600 });
  if (IS_ROOT) await chown(file, uid, gid);

  assert.equal(await findEmbedded(dataDir), undefined);
  const second = await startEmbedded({ dataDir });
  assert.equal(second.started, true);
  assert.equal(isAlive(stranger.pid ?? 0), true);
});

test('settings that would open the server to others are refused by name', async (t) => {
  const dataDir = await folder(t);
  for (const name of ['listen_addresses', 'Unix_Socket_Directories', 'port', 'hba_file', 'a b']) {
    const message = new RegExp(`settings\\.${name}`, 'i');
    await assert.rejects(startEmbedded({ dataDir, settings: { [name]: 'x' } }), { code: 'SETTING_REFUSED', message });
  }
  await assert.rejects(stat(dataDir), { code: 'ENOENT' });
});

test('a setting that PostgreSQL does not know fails the start with its own words', async (t) => {
  const dataDir = await folder(t);
  const start = startEmbedded({ dataDir, settings: { no_such_setting: '1' } });
  await assert.rejects(start, { code: 'START_FAILED', message: /no_such_setting/ });
});

test('a password file that is gone is named, and the data is left as it was', async (t) => {
  const dataDir = await folder(t);
  const first = await startEmbedded({ dataDir });
  await first.stop();
  const admin = await readFile(join(dataDir, 'postgres-admin.json'));
  await rm(join(dataDir, 'postgres-admin.json'));
  await assert.rejects(startEmbedded({ dataDir }), { code: 'DATA_MISSING', message: /postgres-admin\.json/ });
  await writeFile(join(dataDir, 'postgres-admin.json'), admin, { mode: 0o600 });
  assert.equal((await startEmbedded({ dataDir })).started, true);
});
