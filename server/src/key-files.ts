import { createPrivateKey, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { newSealKeys, type SealKeys } from '@businessos/tenancy';
import type { TokenKey } from '@businessos/tenancy/express';

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

/** The key that signs access tokens (Ed25519). */
export function tokenKey(dataDir: string): TokenKey {
  const { kid, pem } = ensureFile(dataDir, 'keys/token.json', () => ({
    kid: randomBytes(6).toString('hex'),
    pem: generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }));
  return { kid, key: createPrivateKey(pem) };
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
