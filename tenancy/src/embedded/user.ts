import { spawnSync } from 'node:child_process';
import { chmod, lchown, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedError } from './error.ts';

/** The system user that PostgreSQL runs as; `undefined` where a user is expected means this process's own. */
export interface RunAs {
  uid: number;
  gid: number;
}

/** Spawn options of a child that inherits no secret, no PG* variable and no folder that its user may not enter. */
export function childOptions(user: RunAs | undefined) {
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' };
  if (process.env['SYSTEMROOT']) env['SYSTEMROOT'] = process.env['SYSTEMROOT'];
  return { cwd: process.platform === 'win32' ? process.cwd() : '/', env, windowsHide: true, ...user };
}

/** True when this process is root, as which PostgreSQL refuses to run. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function idOf(flag: '-u' | '-g', name: string): number | undefined {
  const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' });
  const id = Number(stdout);
  return status === 0 && id > 0 && id < 2 ** 31 ? id : undefined;
}

/**
 * Finds the unprivileged user for a root process: the owner of `dataDirectory` where that exists and is not root's,
 * else `postgres`, else `nobody`. PostgreSQL looks its user up by id, hence only users of the system.
 *
 * @returns undefined for a process that is not root: it runs PostgreSQL as itself.
 */
export async function findRunAs(dataDirectory: string): Promise<RunAs | undefined> {
  if (!isRoot()) return undefined;
  const owner = await stat(dataDirectory).catch(() => undefined);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  for (const name of ['postgres', '_postgres', 'nobody', 'daemon']) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new EmbeddedError(
    'PostgreSQL does not run as root and this system has neither a user postgres nor nobody: ' +
      'add one (useradd --system postgres), start as a normal user, or set DATABASE_URL.',
    { code: 'NO_USER' },
  );
}

/** Tries, as that user and not by reading modes, whether `folder` can be entered: access lists and namespaces count. */
export function canEnter(folder: string, user: RunAs | undefined): boolean {
  if (!user) return true;
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...childOptions(user), stdio: 'ignore' }).status === 0;
}

/** Gives a data directory that root copied or unpacked back to `user`; leaves one that is not root's untouched. */
export async function giveTo(user: RunAs | undefined, folder: string): Promise<void> {
  if (!user || (await stat(folder)).uid !== 0) return;
  for (const name of await readdir(folder, { recursive: true })) await lchown(join(folder, name), user.uid, user.gid);
  await chmod(folder, 0o700);
  await lchown(folder, user.uid, user.gid);
}
