import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isRoot } from './user.ts';

const CACHE = '/var/cache/businessos';

/**
 * Copies the binaries to a cache folder that other users can read but not write, once per content, and gives the copy's
 * path; undefined when no cache folder gives one that `works`. Safe when several processes copy at the same time: each
 * copies aside and renames. A folder of that name which another user owns or can write, or that lacks a file, is not run.
 *
 * @param repair makes what is not a file of its own in a copy (library links).
 */
export async function copyBinaries(
  native: string,
  repair: (native: string) => Promise<void>,
  works: (native: string) => boolean,
): Promise<string | undefined> {
  const files = await list(native);
  const identity = createHash('sha256').update(JSON.stringify(files)).digest('hex');
  const version = await readVersion(native);
  const name = `businessos-postgres-${version}-${identity.slice(0, 16)}-${process.getuid?.() ?? 0}`;
  // Not first in the temporary folder: cleaners of /tmp remove old files from under a running server.
  for (const parent of isRoot() ? [CACHE, tmpdir()] : [tmpdir()]) {
    try {
      const target = join(parent, name);
      if (!(await isWhole(target, identity))) {
        if (parent === CACHE && (await mkdir(CACHE, { recursive: true }))) await chmod(CACHE, 0o755);
        await make(target, native, identity, files, repair);
      }
      if (!(await isWhole(target, identity))) continue;
      const copy = join(target, 'native');
      // Links are not in the list of files, and what a lost one leads to may be needed only later (replication: libpq).
      await repair(copy);
      if (works(copy)) return copy;
    } catch {
      // Read-only, full, or the name is held by another user: the next folder may do.
    }
  }
  return undefined;
}

/** Size by relative path of every file needed to run; static libraries are not. */
async function list(native: string): Promise<[name: string, size: number][]> {
  const files: [string, number][] = [];
  for (const name of (await readdir(native, { recursive: true })).sort()) {
    const entry = await lstat(join(native, name));
    if (entry.isFile() && !name.endsWith('.a')) files.push([name, entry.size]);
  }
  return files;
}

async function readVersion(native: string): Promise<string> {
  const text = await readFile(join(native, '..', 'package.json'), 'utf8').catch(() => '{}');
  const { version } = JSON.parse(text) as { version?: string };
  return (version ?? 'unknown').replace(/[^\w.-]/g, '');
}

async function isWhole(target: string, identity: string): Promise<boolean> {
  const entry = await lstat(target).catch(() => undefined);
  if (!entry?.isDirectory()) return false;
  if (process.platform !== 'win32' && (entry.uid !== process.getuid?.() || (entry.mode & 0o022) !== 0)) return false;
  const marker = await readFile(join(target, 'complete'), 'utf8').catch(() => '');
  if (marker !== identity) return false;
  const files = await list(join(target, 'native'));
  return createHash('sha256').update(JSON.stringify(files)).digest('hex') === identity;
}

async function make(
  target: string,
  native: string,
  identity: string,
  files: [name: string, size: number][],
  repair: (native: string) => Promise<void>,
): Promise<void> {
  const aside = `${target}.${randomBytes(6).toString('hex')}`;
  try {
    for (const [name] of files) {
      const to = join(aside, 'native', name);
      await mkdir(dirname(to), { recursive: true });
      await copyFile(join(native, name), to, constants.COPYFILE_FICLONE);
    }
    // Explicit modes, since root's umask or npm's may have closed them to the other user.
    for (const entry of await readdir(aside, { recursive: true, withFileTypes: true })) {
      const open = entry.isDirectory() || entry.name.includes('.so') || entry.parentPath.endsWith('bin');
      await chmod(join(entry.parentPath, entry.name), open ? 0o755 : 0o644);
    }
    await repair(join(aside, 'native'));
    await writeFile(join(aside, 'complete'), identity);
    await chmod(aside, 0o755);
    // Only what this user owns can be in the way and not whole; a stranger's folder makes the rename fail instead.
    const old = await lstat(target).catch(() => undefined);
    if (old?.uid === process.getuid?.() && !(await isWhole(target, identity))) await rm(target, { recursive: true });
    await rename(aside, target);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    if (!(await isWhole(target, identity))) throw error;
  }
}
