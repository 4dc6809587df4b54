import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { lchown, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { program } from './binaries.ts';
import { EmbeddedError } from './error.ts';
import { exists, MARKER, type Place, writeAdmin } from './place.ts';
import { childOptions, type RunAs } from './user.ts';

const HBA = `# type database user address method
host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
`;

/** Not `postmaster.opts`: the first act of any postmaster is to write it, so a database with it was somebody's. */
const INITDB_NAMES = /^(base|global|pg_\w+|pg_(hba|ident)\.conf|PG_VERSION|postgresql(\.auto)?\.conf)$/;

/**
 * Makes the data directory where it is missing, all or nothing: built in a folder beside it and renamed when complete.
 * What an interrupted run left is removed; a folder with the completion marker, or one in which a server ran once, never.
 *
 * @throws EmbeddedError DATA_FOREIGN, START_FAILED
 */
export async function initialize(native: string, place: Place, log: (line: string) => void): Promise<void> {
  const { dataDirectory, user } = place;
  if (await exists(join(dataDirectory, MARKER))) return;
  await clean(dataDirectory, log);

  log(`making a database in ${dataDirectory}`);
  const work = `${dataDirectory}.initdb-${randomBytes(6).toString('hex')}`;
  const made = join(work, 'data');
  const password = randomBytes(24).toString('base64url');
  try {
    await mkdir(work, { mode: 0o700 });
    await writeFile(join(work, 'password'), password, { mode: 0o600 });
    if (user) for (const path of [join(work, 'password'), work]) await lchown(path, user.uid, user.gid);
    await initdb(native, user, made, join(work, 'password'));
    await writeFile(join(made, 'pg_hba.conf'), HBA);
    await writeAdmin(place.dataDir, { user: 'postgres', password });
    await writeFile(join(made, MARKER), '', { flush: true });
    await rename(made, dataDirectory);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Removes what initdb left: its work folders here, and a data directory that holds nothing but its own names. */
async function clean(dataDirectory: string, log: (line: string) => void): Promise<void> {
  if (await exists(dataDirectory)) {
    const strange = (await readdir(dataDirectory)).find((name) => !INITDB_NAMES.test(name));
    if (strange !== undefined) {
      const fix = 'Move it away, or set DATABASE_URL to use a PostgreSQL of your own.';
      throw new EmbeddedError(`${dataDirectory} holds ${strange}, which was not made here. ${fix}`, {
        code: 'DATA_FOREIGN',
      });
    }
  }
  const parent = dirname(dataDirectory);
  const own = basename(dataDirectory);
  for (const name of await readdir(parent)) {
    if (name !== own && !name.startsWith(`${own}.initdb-`)) continue;
    log(`removing ${join(parent, name)}, left unfinished by an interrupted start`);
    // Retried, since an initdb whose parent was killed may still be writing there.
    await rm(join(parent, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** The builtin C.UTF-8 sorts by code point and never changes with the system; the system's is only for text search. */
async function initdb(native: string, user: RunAs | undefined, folder: string, passwordFile: string): Promise<void> {
  const common = ['-D', folder, '-U', 'postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '-E', 'UTF8'];
  common.push('--wal-segsize=4', '--data-checksums', '--lc-messages=C', '--locale-provider=builtin');
  let output = await run(program(native, 'initdb'), [...common, '--locale=C.UTF-8'], user);
  if (output?.includes('locale')) {
    // A system without C.UTF-8 (older macOS, Windows).
    output = await run(program(native, 'initdb'), [...common, '--locale=C', '--builtin-locale=C.UTF-8'], user);
  }
  if (output !== undefined) throw new EmbeddedError(`PostgreSQL's initdb failed: ${output}`, { code: 'START_FAILED' });
}

/** Gives what the program said on stderr when it failed, else undefined. */
async function run(file: string, args: string[], user: RunAs | undefined): Promise<string | undefined> {
  const child = spawn(file, args, { ...childOptions(user), stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2_000);
  });
  return await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => resolve(code === 0 ? undefined : said.trim() || `exit ${code}`));
  });
}
