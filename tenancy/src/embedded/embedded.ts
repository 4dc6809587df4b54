import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { findNative, getNative, prepareBinaries } from './binaries.ts';
import { EmbeddedError } from './error.ts';
import { initialize } from './initdb.ts';
import { withLock } from './lock.ts';
import {
  type Admin,
  choosePlace,
  findAdmin,
  findDataDirectory,
  makeDataDir,
  settlePlace,
  writeAdmin,
} from './place.ts';
import { findFreePort, findRunning, launch } from './postmaster.ts';
import { mergeSettings } from './settings.ts';
import { type Embedded, Supervisor } from './supervisor.ts';
import { giveTo } from './user.ts';

export { EmbeddedError, type EmbeddedErrorCode } from './error.ts';
export type { Embedded } from './supervisor.ts';
export { DEBIAN_15, freePort, hasDebian15, startSystemPostgres } from './system.ts';

export interface EmbeddedOptions {
  /** The product's data folder; made where missing. */
  dataDir: string;
  /** This port and no other; without it the one used last, else a free one. */
  port?: number;
  /** PostgreSQL settings by name, over the defaults; every user of the system can read them, so no secrets. */
  settings?: Record<string, string>;
  /** Whether a postmaster that died is started again; true by default. */
  restart?: boolean;
  /** Gets a line for what an operator should know; the default drops them. PostgreSQL's own are in `postgres.log`. */
  log?: (line: string) => void;
}

/** True when the npm package with this platform's PostgreSQL is installed. */
export function embeddedAvailable(): boolean {
  return findNative() !== undefined;
}

/**
 * Starts PostgreSQL on the data folder, or adopts the one that runs there, and resolves when it answers queries. Callers
 * in any number of processes may do so at the same time: one starts it, the others adopt. One that died comes back on
 * the same port while a caller lives; one that was stopped stays stopped. It outlives its callers until `stop()`.
 *
 * @throws EmbeddedError whose message names the cause and the fix; the data is then as it was.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const settings = mergeSettings(options.settings ?? {});
  const log = options.log ?? (() => {});
  const native = getNative();
  const dataDir = await makeDataDir(options.dataDir);
  const lock = join(dataDir, 'postgres.lock');
  return await withLock(lock, async () => {
    const place = await choosePlace(dataDir, log);
    const { dataDirectory, user } = place;
    const binaries = await prepareBinaries(user, native);
    await initialize(binaries, place, log);
    await settlePlace(place);
    const admin = await getAdmin(dataDir);
    const start = (port: number) => launch({ native: binaries, place, admin, port, settings, log });

    const found = await findRunning(dataDirectory, admin);
    if (found) noteAdopted(found, options, log);
    else await giveTo(user, dataDirectory);
    const running = found ?? (await start(await choosePort(options.port, admin, log)));
    if (admin.port !== running.port) await writeAdmin(dataDir, { ...admin, port: running.port });

    const revive = () =>
      withLock(lock, async () => (await findRunning(dataDirectory, admin)) ?? (await start(running.port)));
    return new Supervisor({
      dataDirectory,
      admin,
      running,
      started: !found,
      log,
      revive: options.restart === false ? undefined : revive,
    });
  });
}

/**
 * Finds the running PostgreSQL of a data folder without starting or changing anything; the handle restarts nothing.
 *
 * @returns undefined when no postmaster of ours runs on that folder
 */
export async function findEmbedded(dataDir: string): Promise<Embedded | undefined> {
  const real = await realpath(dataDir).catch(() => undefined);
  const dataDirectory = real && (await findDataDirectory(real));
  const admin = dataDirectory && (await findAdmin(real));
  const running = admin && (await findRunning(dataDirectory, admin));
  if (!running) return undefined;
  return new Supervisor({ dataDirectory, admin, running, started: false, log: () => {}, revive: undefined });
}

function noteAdopted(
  found: { pid: number; port: number },
  options: EmbeddedOptions,
  log: (line: string) => void,
): void {
  log(`PostgreSQL already runs on this folder (process ${found.pid}, port ${found.port}): adopted`);
  if (options.port !== undefined && options.port !== found.port) log(`stop it first to use port ${options.port}`);
  if (options.settings) log('the settings asked for apply from its next start');
}

async function getAdmin(dataDir: string): Promise<Admin> {
  const admin = await findAdmin(dataDir);
  if (admin) return admin;
  const file = join(dataDir, 'postgres-admin.json');
  throw new EmbeddedError(`${file} is missing and holds the only password of the database: restore it.`, {
    code: 'DATA_MISSING',
  });
}

async function choosePort(asked: number | undefined, admin: Admin, log: (line: string) => void): Promise<number> {
  if (asked !== undefined) {
    if (await findFreePort(asked)) return asked;
    throw new EmbeddedError(`Port ${asked} is taken. Stop what listens there, or choose another port.`, {
      code: 'PORT_TAKEN',
    });
  }
  if (admin.port !== undefined && (await findFreePort(admin.port))) return admin.port;
  const free = await findFreePort(0);
  if (free === undefined)
    throw new EmbeddedError('The system gives no free port on 127.0.0.1.', { code: 'PORT_TAKEN' });
  if (admin.port !== undefined) log(`port ${admin.port}, used last, is taken; PostgreSQL now uses port ${free}`);
  return free;
}
