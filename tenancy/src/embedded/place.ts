import { createHash, randomBytes } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { EmbeddedError, hasCode } from './error.ts';
import { canEnter, findRunAs, isRoot, type RunAs } from './user.ts';

/** Lies in every data directory that was made completely; a folder with it is never removed. */
export const MARKER = 'businessos-complete';

/** Where one product folder has its PostgreSQL. */
export interface Place {
  /** The product's data folder, real path. */
  dataDir: string;
  /** PGDATA, real path: `postgres/` inside, or what `postgres-location.json` names. */
  dataDirectory: string;
  user: RunAs | undefined;
}

/** The content of `postgres-admin.json`; the port is the last one used. */
export interface Admin {
  user: string;
  password: string;
  port?: number;
}

interface Location {
  dataDirectory: string;
  /** False until the data directory was complete once: from then on its absence is a loss and not a beginning. */
  initialized: boolean;
}

/**
 * Tells whether `path` exists.
 *
 * @throws EmbeddedError DATA_FOREIGN when this process may not know: what it cannot see is not free for the taking.
 */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw new EmbeddedError(`${dirname(path)} belongs to another user: start as that user or as root.`, {
      code: 'DATA_FOREIGN',
      cause: error,
    });
  }
}

async function readJson<T>(file: string): Promise<T | undefined> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    const message = `Cannot read ${file}: start as the user to whom it belongs.`;
    throw new EmbeddedError(message, { code: 'DATA_FOREIGN', cause: error });
  });
  if (text === undefined) return undefined;
  const value = parseJson(text);
  if (value) return value as T;
  throw new EmbeddedError(`${file} is not a JSON object: restore it.`, { code: 'DATA_MISSING' });
}

/** Keeps the parser's message to itself, since that quotes the file and so the password. */
function parseJson(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the file at once, so a crash leaves the old or the new content. */
async function writeJson(file: string, value: unknown): Promise<void> {
  const aside = `${file}.${randomBytes(4).toString('hex')}`;
  await writeFile(aside, `${JSON.stringify(value)}\n`, { mode: 0o600, flush: true });
  const { uid, gid } = await stat(dirname(file));
  // A root that starts a user's folder once must not lock that user out.
  if (isRoot()) await chown(aside, uid, gid);
  await rename(aside, file);
}

/** Reads the superuser's login; undefined before the first start. */
export async function findAdmin(dataDir: string): Promise<Admin | undefined> {
  return await readJson<Admin>(join(dataDir, 'postgres-admin.json'));
}

/** Replaces the superuser's login at once, readable for the data folder's owner only. */
export async function writeAdmin(dataDir: string, admin: Admin): Promise<void> {
  await writeJson(join(dataDir, 'postgres-admin.json'), admin);
}

/** Makes the product's data folder where it is missing, open for passing through only, and gives its real path. */
export async function makeDataDir(dataDir: string): Promise<string> {
  const made = await mkdir(dataDir, { recursive: true });
  if (made) await chmod(dataDir, 0o711);
  return await realpath(dataDir);
}

/** The data directory that exists or was begun for `dataDir`; undefined before the first start. */
export async function findDataDirectory(dataDir: string): Promise<string | undefined> {
  const location = await readJson<Location>(join(dataDir, 'postgres-location.json'));
  const dataDirectory = location?.dataDirectory ?? join(dataDir, 'postgres');
  return (await exists(join(dataDirectory, MARKER))) ? await realpath(dataDirectory) : undefined;
}

/**
 * Decides where PostgreSQL's files lie: where they are; else inside `dataDir`; else, when PostgreSQL's own user cannot
 * enter that (a repository under a 0700 home of root), in a new folder outside which `postgres-location.json` then names.
 *
 * @param dataDir real path
 * @throws EmbeddedError DATA_MISSING when the folder named there is gone.
 */
export async function choosePlace(dataDir: string, log: (line: string) => void): Promise<Place> {
  const pointer = join(dataDir, 'postgres-location.json');
  const location = await readJson<Location>(pointer);
  const inside = join(dataDir, 'postgres');
  const at = location?.dataDirectory ?? inside;
  const user = await findRunAs(at);
  if (await exists(join(at, MARKER))) {
    if (!canEnter(dirname(at), user)) {
      throw new EmbeddedError(`User ${user?.uid} runs PostgreSQL and cannot enter ${dirname(at)}: chmod o+x.`, {
        code: 'DATA_FOREIGN',
      });
    }
    return { dataDir, dataDirectory: await realpath(at), user };
  }
  if (location?.initialized) {
    throw new EmbeddedError(
      `The database of ${dataDir} lay in ${at} and is not there. Restore it, or remove ${pointer} to begin with an empty one.`,
      { code: 'DATA_MISSING' },
    );
  }
  if (!location && canEnter(dataDir, user)) return { dataDir, dataDirectory: inside, user };

  const parent = await outside(user);
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  let dataDirectory = location?.dataDirectory ?? join(parent, name);
  if (!location && (await exists(dataDirectory))) {
    log(`${dataDirectory} holds the database of an earlier ${dataDir} and stays as it is; remove it when not needed.`);
    dataDirectory = join(parent, `${name}-${randomBytes(4).toString('hex')}`);
  }
  const begun: Location = { dataDirectory, initialized: false };
  await writeJson(pointer, begun);
  log(`user ${user?.uid} cannot enter ${dataDir}; PostgreSQL's files are in ${dataDirectory}`);
  return { dataDir, dataDirectory, user };
}

/** Records that the data directory is complete: from then on its absence is an error. */
export async function settlePlace({ dataDir, dataDirectory }: Place): Promise<void> {
  const pointer = join(dataDir, 'postgres-location.json');
  const location = await readJson<Location>(pointer);
  if (location?.initialized === false) await writeJson(pointer, { dataDirectory, initialized: true });
}

async function outside(user: RunAs | undefined): Promise<string> {
  for (const parent of ['/var/lib/businessos', join(tmpdir(), 'businessos')]) {
    try {
      await mkdir(parent, { recursive: true });
      const entry = await lstat(parent);
      // In a folder that all can write, another user may have made it first, or a link to somewhere else.
      if (!entry.isDirectory() || entry.uid !== 0 || (entry.mode & 0o022) !== 0) continue;
      await chmod(parent, 0o755);
      if (canEnter(parent, user)) return await realpath(parent);
    } catch {
      // A read-only system folder: the next one may do.
    }
  }
  throw new EmbeddedError(`User ${user?.uid} can enter no folder for PostgreSQL's files. Set BOS_DATA to one.`, {
    code: 'NO_USER',
  });
}
