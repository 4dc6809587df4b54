import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Embedded, findEmbedded } from '../../src/embedded/embedded.ts';

const SOURCE = new URL('../../src/embedded/embedded.ts', import.meta.url).href;
/** PostgreSQL then runs as another user, and some tests have one to try. */
export const IS_ROOT = process.getuid?.() === 0;

/** A data folder whose path has a space and an accent; what runs on it is stopped and all is removed after the test. */
export async function folder(t: TestContext, owner?: { uid: number; gid: number }): Promise<string> {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'bos données ')));
  await chmod(base, 0o711);
  if (owner) await chown(base, owner.uid, owner.gid);
  const dataDir = join(base, '.bos');
  t.after(async () => {
    const left = await findEmbedded(dataDir);
    await left?.stop();
    if (left && !left.dataDirectory.startsWith(base)) await rm(left.dataDirectory, { recursive: true });
    await rm(base, { recursive: true, force: true });
  });
  return dataDir;
}

/** The rows of one statement as the superuser. */
export async function ask<T extends object>(of: Embedded, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: of.adminUrl });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A process that holds a PostgreSQL, and what it said of it. */
export interface Starter {
  child: ChildProcess;
  line: { started: boolean; pid: number; error?: string };
}

/** Starts PostgreSQL from a process of its own that then waits; gives what it printed. */
export async function startElsewhere(t: TestContext, dataDir: string, user: object = {}): Promise<Starter> {
  const child = runElsewhere(t, dataDir, user);
  const [text] = (await once(createInterface({ input: child.stdout ?? process.stdin }), 'line')) as [string];
  return { child, line: JSON.parse(text) as Starter['line'] };
}

/** The process of `startElsewhere`, not waited for; killed after the test. */
export function runElsewhere(t: TestContext, dataDir: string, user: object = {}) {
  const script = `
    import { startEmbedded } from ${JSON.stringify(SOURCE)};
    const log = (line) => process.stderr.write(line + '\\n');
    const e = await startEmbedded({ dataDir: process.argv[1], log }).catch((error) => ({ error: error.message }));
    console.log(JSON.stringify({ started: e.started, pid: e.pid, error: e.error }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, dataDir], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    cwd: '/',
    env: { PATH: process.env['PATH'], HOME: dirname(dataDir) },
    ...user,
  });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

/** Waits until `holds`; what never does fails the test by name. */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    assert.ok(tries < 600, `never: ${what}`);
    await sleep(50);
  }
}

/** Waits for a postmaster other than the process `old`. */
export async function backAs(dataDir: string, old: number): Promise<Embedded> {
  let now: Embedded | undefined;
  await until('a new postmaster', async () => {
    now = await findEmbedded(dataDir).catch(() => undefined);
    return now !== undefined && now.pid !== old;
  });
  assert.ok(now);
  return now;
}
