import { createSecretKey, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { newSealKeys, type SealKeys } from '@businessos/tenancy';
import { ConfigError } from './config.ts';

/** Where the login roles of an installation are reached, made by setup. */
export interface RoleFile {
  host: string;
  port: number;
  database: string;
  passwords: Record<string, string>;
}

/** Reads a JSON file of the data folder, or undefined when it is not there. */
export function findFile<T>(dataDir: string, name: string): T | undefined {
  const path = join(dataDir, name);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined;
}

/** Writes a file that only this user can read, whole or not at all. */
export function keepFile(dataDir: string, name: string, value: unknown): void {
  const { path, temporary } = write(dataDir, name, value);
  renameSync(temporary, path);
}

/** Reads a file, or makes it once; when two processes make it at the same time, both get the first one's. */
function ensureFile<T>(dataDir: string, name: string, make: () => T): T {
  const found = findFile<T>(dataDir, name);
  if (found !== undefined) return found;
  const { path, temporary } = write(dataDir, name, make());
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  return findFile<T>(dataDir, name) as T;
}

/** The keys that sign tenant seals of this installation's cluster. */
export function sealKeys(dataDir: string): SealKeys {
  return ensureFile(dataDir, 'keys/seal.json', () => newSealKeys());
}

/**
 * The installation's root key, 32 bytes, made once: `keys/root.json` is its id and its bytes in base64. A dump of the
 * database opens nothing of what is wrapped under it; without this file those secrets are lost, so keep a copy apart.
 * @throws ConfigError when others than this user can read the file, or when it holds no such key.
 */
export function rootKey(dataDir: string): KeyObject {
  const name = 'keys/root.json';
  const path = join(dataDir, name);
  const file = ensureFile<Record<string, unknown>>(dataDir, name, () => ({
    [randomBytes(6).toString('hex')]: randomBytes(32).toString('base64'),
  }));
  // Windows has no such mode: there the folder's own rights count
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    throw new ConfigError(`${path}: others can read this key; chmod 600 it, and change it if they may have`);
  }
  const [text, ...more] = Object.values(file);
  const bytes = Buffer.from(typeof text === 'string' ? text : '', 'base64');
  if (bytes.length !== 32 || more.length > 0) throw new ConfigError(`${path}: expected one key of 32 bytes in base64`);
  return createSecretKey(bytes);
}

/** Which cluster the installation's database is; the region is fixed once made. */
export function clusterFile(dataDir: string, region: string): { region: string; clusterId: string } {
  return ensureFile(dataDir, 'cluster.json', () => ({ region, clusterId: randomUUID() }));
}

function write(dataDir: string, name: string, value: unknown): { path: string; temporary: string } {
  const path = join(dataDir, name);
  mkdirSync(dirname(path), { recursive: true });
  if (dirname(path) !== dataDir) chmodSync(dirname(path), 0o700);
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  writeFileSync(temporary, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
  return { path, temporary };
}
