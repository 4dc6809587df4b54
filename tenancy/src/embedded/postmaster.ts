import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import { chown, open, realpath, rename, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { getNative, program } from './binaries.ts';
import { EmbeddedError, hasCode } from './error.ts';
import { disarmPidFile, isAlive, isPostmasterOf, readPidFile } from './pid.ts';
import type { Admin, Place } from './place.ts';
import { childOptions, isRoot } from './user.ts';

const RETRY_MS = 10_000;
const QUIET_MS = 60_000;
const MAX_LOG_BYTES = 16 * 2 ** 20;

/** A postmaster that answers; `child` when this process started it. */
export interface Running {
  pid: number;
  port: number;
  child?: ChildProcess;
}

interface Launch {
  native: string;
  place: Place;
  admin: Admin;
  port: number;
  settings: Record<string, string>;
  log: (line: string) => void;
}

/** The URL with which the superuser connects. */
export function urlOf(admin: Admin, port: number): string {
  return `postgres://${admin.user}:${encodeURIComponent(admin.password)}@127.0.0.1:${port}/postgres`;
}

/** Asks who answers on the port: `busy` is a PostgreSQL that starts, stops, or has no connection left. */
async function probe(
  dataDirectory: string,
  admin: Admin,
  port: number,
): Promise<'ours' | 'foreign' | 'busy' | 'silent'> {
  const client = new pg.Client({ connectionString: urlOf(admin, port), connectionTimeoutMillis: 3_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    const theirs = await realpath(rows[0]?.data_directory ?? '').catch(() => undefined);
    return theirs === dataDirectory ? 'ours' : 'foreign';
  } catch (error) {
    if (hasCode(error, '57P03', '57P01', '53300')) return 'busy';
    return hasCode(error, '28P01', '28000', '3D000') ? 'foreign' : 'silent';
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * Finds the postmaster that runs on the data directory, waiting for one that is starting or stopping. A `postmaster.pid`
 * that names a dead process or one of no concern counts as none, and that process is left alone.
 *
 * @param dataDirectory real path
 * @throws EmbeddedError POSTGRES_BUSY when what may be the postmaster answers nothing of ours for 10 s, or is busy for 60 s.
 */
export async function findRunning(dataDirectory: string, admin: Admin): Promise<Running | undefined> {
  const started = performance.now();
  for (;;) {
    const file = await readPidFile(dataDirectory);
    if (!file || isPostmasterOf(dataDirectory, file.pid) === 'no') return undefined;
    const answer = await probe(dataDirectory, admin, file.port);
    if (answer === 'ours') return file;
    if (performance.now() - started > (answer === 'busy' ? QUIET_MS : RETRY_MS)) {
      throw new EmbeddedError(
        `Process ${file.pid} seems to run PostgreSQL on ${dataDirectory}, but on port ${file.port} nothing answers for ` +
          'that folder to the login in postgres-admin.json. Stop that process, then start again.',
        { code: 'POSTGRES_BUSY' },
      );
    }
    await sleep(50);
  }
}

/** Gives `port` when nothing listens there on 127.0.0.1 (0: any free port), else undefined. */
export async function findFreePort(port: number): Promise<number | undefined> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}

/**
 * Starts PostgreSQL in a session of its own, so that a Ctrl-C meant for this process does not reach it, and waits until
 * it answers. Retries for 10 s while children of a killed predecessor hold its shared memory. Call only after
 * `findRunning` found none: a `postmaster.pid` is then taken for stale.
 *
 * @throws EmbeddedError PORT_TAKEN; START_FAILED with what PostgreSQL said
 */
export async function launch(of: Launch): Promise<Running> {
  const { native, place, admin, port } = of;
  const args = ['-D', place.dataDirectory, '-p', String(port)];
  for (const [name, value] of Object.entries(of.settings)) args.push('-c', `${name}=${value}`);
  const started = performance.now();
  for (let first = true; ; first = false) {
    await disarmPidFile(place.dataDirectory);
    const output = await openLog(place.dataDir);
    try {
      const { size } = await output.stat();
      const child = spawn(program(native, 'postgres'), args, {
        ...childOptions(place.user),
        detached: true,
        stdio: ['ignore', output.fd, output.fd],
      });
      const failure = await settle(child, place.dataDirectory, admin, port);
      if (failure === undefined) {
        child.unref();
        return { pid: child.pid ?? 0, port, child };
      }
      const said = await readFrom(output, size);
      const passing = /pre-existing shared memory block|lock file ".*" (already exists|is empty)/.test(said);
      if (!passing || performance.now() - started > RETRY_MS) throw startError(of, failure, said);
    } finally {
      await output.close();
    }
    if (first) of.log('children of the killed PostgreSQL still hold its memory; trying again for 10 s');
    await sleep(250);
  }
}

function startError({ place, port }: Launch, failure: string, said: string): EmbeddedError {
  if (/could not bind|Address already in use/.test(said)) {
    return new EmbeddedError(`Port ${port} is taken. Stop what listens there, or choose another port.`, {
      code: 'PORT_TAKEN',
    });
  }
  if (said.includes('incompatible with server')) {
    const fix = 'Install the version it was made with and dump it, or start with another data folder.';
    return new EmbeddedError(`${place.dataDirectory} was made by another major version. ${fix}`, {
      code: 'DATA_FOREIGN',
    });
  }
  return new EmbeddedError(`PostgreSQL did not start (${failure}), see ${place.dataDir}/postgres.log:\n${said}`, {
    code: 'START_FAILED',
  });
}

/** Waits until the child answers (undefined), or says why it never will. Recovery may take long and answers `busy`. */
async function settle(
  child: ChildProcess,
  dataDirectory: string,
  admin: Admin,
  port: number,
): Promise<string | undefined> {
  let failure: string | undefined;
  child.once('error', (error) => {
    failure = error.message;
  });
  child.once('exit', (code, signal) => {
    failure = signal ?? `exit ${code}`;
  });
  let heard = performance.now();
  for (;;) {
    const answer = await probe(dataDirectory, admin, port);
    if (failure !== undefined) return failure;
    if (answer === 'ours' && (await readPidFile(dataDirectory))?.pid === child.pid) return undefined;
    if (answer === 'busy') heard = performance.now();
    if (performance.now() - heard > QUIET_MS) {
      child.kill('SIGQUIT');
      return `no answer on port ${port} for ${QUIET_MS / 1000} s`;
    }
    await sleep(20);
  }
}

/** Opens `postgres.log` to append, for its folder's owner only; one above 16 MB is kept once as `postgres.log.1`. */
async function openLog(dataDir: string): Promise<FileHandle> {
  const file = join(dataDir, 'postgres.log');
  const old = await stat(file).catch(() => undefined);
  if (old && old.size > MAX_LOG_BYTES) await rename(file, `${file}.1`);
  const log = await open(file, 'a+', 0o600);
  const { uid, gid } = await stat(dataDir);
  if (isRoot()) await chown(file, uid, gid);
  return log;
}

async function readFrom(file: FileHandle, from: number): Promise<string> {
  const { size } = await file.stat();
  const begin = Math.max(from, size - 4_000);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - begin), 0, size - begin, begin);
  return buffer.toString('utf8', 0, bytesRead).trim();
}

/** Stops a postmaster: sessions are ended at once and all is written (SIGINT); after 10 s without that too (SIGQUIT). */
export async function terminate(dataDirectory: string, { pid, child }: Running): Promise<void> {
  child?.ref();
  const signal = (name: 'INT' | 'QUIT') => {
    if (process.platform === 'win32') spawnSync(program(getNative(), 'pg_ctl'), ['kill', name, String(pid)]);
    else if (isPostmasterOf(dataDirectory, pid) !== 'no') process.kill(pid, `SIG${name}`);
  };
  const started = performance.now();
  signal('INT');
  let urgent = false;
  while (isAlive(pid)) {
    if (!urgent && performance.now() - started > 10_000) {
      urgent = true;
      signal('QUIT');
    }
    await sleep(20);
  }
}
