import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedError, hasCode } from './error.ts';
import { isAlive } from './pid.ts';

const BEAT_MS = 1_000;
const SILENCE_MS = 15_000;
const WAIT_MS = 120_000;

const held = new Set<string>();

/**
 * Runs `cb` while holding `file` exclusively against other processes and other callers of this one. A lock whose holder
 * is dead is taken over at once; one whose pid was given to another process, once the holder was silent for 15 s (the
 * holder touches the file each second; the silence is measured by the waiter, so clocks need not agree).
 *
 * @throws EmbeddedError POSTGRES_BUSY when a live holder keeps it for 2 minutes.
 */
export async function withLock<T>(file: string, cb: () => Promise<T>, silenceMs = SILENCE_MS): Promise<T> {
  const token = `${process.pid} ${randomUUID()}`;
  held.add(token);
  try {
    await acquire(file, token, silenceMs);
    return await hold(file, cb);
  } finally {
    held.delete(token);
    if ((await readText(file)) === token) await rm(file, { force: true });
  }
}

async function hold<T>(file: string, cb: () => Promise<T>): Promise<T> {
  const beat = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => {});
  }, BEAT_MS);
  try {
    return await cb();
  } finally {
    clearInterval(beat);
  }
}

async function acquire(file: string, token: string, silenceMs: number): Promise<void> {
  const started = performance.now();
  let seen = '';
  let seenAt = started;
  for (;;) {
    if (await create(file, token)) return;
    const holder = await readText(file);
    const beat = await stat(file).catch(() => undefined);
    if (holder === undefined || !beat) {
      await sleep(10);
      continue;
    }
    const now = performance.now();
    if (`${holder} ${beat.mtimeMs}` !== seen) {
      seen = `${holder} ${beat.mtimeMs}`;
      seenAt = now;
    }
    if (isDead(holder) || now - seenAt > silenceMs) await evict(file, holder);
    else if (now - started > WAIT_MS) {
      throw new EmbeddedError(`Process ${holder.split(' ')[0]} has been starting PostgreSQL for 2 minutes (${file}).`, {
        code: 'POSTGRES_BUSY',
      });
    } else await sleep(50);
  }
}

/** Empty is a holder that has not written its token yet, or died before: only silence tells. */
function isDead(holder: string): boolean {
  if (holder === '') return false;
  const pid = Number(holder.split(' ')[0]);
  return pid === process.pid ? !held.has(holder) : !isAlive(pid);
}

async function create(file: string, token: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx', 0o644);
    await handle.writeFile(token);
    await handle.close();
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    if (hasCode(error, 'EACCES', 'EROFS')) {
      const message = `Cannot write ${file}: start as the owner of that folder, or set BOS_DATA.`;
      throw new EmbeddedError(message, { code: 'DATA_FOREIGN', cause: error });
    }
    throw error;
  }
}

/** Moves the dead lock away; if it was replaced in between by a live one, that one is put back. */
async function evict(file: string, holder: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  await rename(file, aside).catch(() => {});
  if ((await readText(aside)) !== holder) await link(aside, file).catch(() => {});
  await rm(aside, { force: true });
}

async function readText(file: string): Promise<string | undefined> {
  return await readFile(file, 'utf8').catch(() => undefined);
}
