import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, readPidFile } from './pid.ts';
import type { Admin } from './place.ts';
import { findRunning, type Running, terminate, urlOf } from './postmaster.ts';

/** A PostgreSQL that runs on a data folder of ours. */
export interface Embedded {
  readonly port: number;
  /** PGDATA: inside the data folder, or elsewhere when PostgreSQL's user cannot enter that. */
  readonly dataDirectory: string;
  /** The superuser's URL, with the password. */
  readonly adminUrl: string;
  /** False: a running postmaster of this folder was adopted. */
  readonly started: boolean;
  /** Of the postmaster; another one after a restart. */
  readonly pid: number;
  /** Ends all sessions, stops the postmaster and resolves when its process is gone; the data stays. */
  stop(): Promise<void>;
}

interface Held {
  dataDirectory: string;
  admin: Admin;
  running: Running;
  started: boolean;
  log: (line: string) => void;
  /** Finds or starts a postmaster on the same port; undefined leaves a killed one dead. */
  revive: (() => Promise<Running>) | undefined;
}

/** Its values are accessors of the class, so a handle that ends up in a log or in JSON shows no password. */
export class Supervisor implements Embedded {
  readonly #held: Held;
  readonly #end = new AbortController();
  readonly #watch: Promise<void>;
  #running: Running;
  #stopped: Promise<void> | undefined;

  constructor(held: Held) {
    this.#held = held;
    this.#running = held.running;
    this.#watch = held.revive ? this.#keepAlive(held.revive).catch(() => {}) : Promise.resolve();
  }

  get port() {
    return this.#held.running.port;
  }

  get dataDirectory() {
    return this.#held.dataDirectory;
  }

  get adminUrl() {
    return urlOf(this.#held.admin, this.port);
  }

  get started() {
    return this.#held.started;
  }

  get pid() {
    return this.#running.pid;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#end.abort();
    await this.#watch;
    const { dataDirectory, admin } = this.#held;
    // An adopted one may have been replaced by the process that started it.
    const running = this.#running.child ? this.#running : await findRunning(dataDirectory, admin);
    if (running) await terminate(dataDirectory, running);
  }

  async #keepAlive(revive: () => Promise<Running>): Promise<void> {
    const { dataDirectory, log } = this.#held;
    const { signal } = this.#end;
    for (;;) {
      await gone(this.#running, signal);
      if (await wasStopped(this.#running, dataDirectory, signal)) return log('PostgreSQL was stopped from outside');
      log(`PostgreSQL, process ${this.pid}, died; starting it again`);
      for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, 30_000)) {
        try {
          this.#running = await revive();
          break;
        } catch (error) {
          log(`PostgreSQL does not come back: ${error instanceof Error ? error.message : String(error)}`);
          await sleep(pauseMs, undefined, { signal, ref: false });
        }
      }
      log(`PostgreSQL is back, process ${this.pid}, port ${this.port}`);
    }
  }
}

/** Resolves when the postmaster's process is gone; rejects when `signal` aborts. */
async function gone({ pid, child }: Running, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (!child) while (isAlive(pid)) await sleep(500, undefined, { signal, ref: false });
  else if (child.exitCode === null && child.signalCode === null) await once(child, 'exit', { signal });
}

/**
 * A postmaster that obeyed a signal to shut down exits with 0 and removes its pid file; a killed one does neither. The
 * file is looked for twice, since it is missing for a moment while another process starts a new postmaster.
 */
async function wasStopped({ child }: Running, dataDirectory: string, signal: AbortSignal): Promise<boolean> {
  if (child) return child.exitCode === 0;
  if (await readPidFile(dataDirectory)) return false;
  await sleep(500, undefined, { signal, ref: false });
  return (await readPidFile(dataDirectory)) === undefined;
}
