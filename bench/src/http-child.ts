import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { ownCpuUs } from './cpu.ts';

/** A server under test in a process of its own. */
export interface HttpChild {
  readonly port: number;
  /** Microseconds of CPU that the process used since its start. */
  cpuUs(): Promise<number>;
  /** Resident bytes now, and at most so far. */
  memory(): Promise<{ now: number; peak: number }>;
  stop(): Promise<void>;
}

/** Starts a server file of this folder; its standard output goes nowhere. @throws Error when it ends before it serves. */
export async function startChild(file: URL, env: Record<string, string>): Promise<HttpChild> {
  const child = fork(file, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const port = Number(await answer(child));
  return {
    port,
    cpuUs: async () => {
      child.send('cpu');
      return Number(await answer(child));
    },
    memory: async () => {
      child.send('memory');
      return (await answer(child)) as { now: number; peak: number };
    },
    stop: async () => {
      const exit = once(child, 'exit');
      child.send('stop');
      await exit;
    },
  };
}

/** The child's side: tells the port, answers what the parent asks, and ends with it. */
export function answerParent(port: number, stop: () => Promise<void>): void {
  let stopping = false;
  const end = () => {
    if (stopping) return;
    stopping = true;
    void stop().finally(() => process.exit());
  };
  process.on('message', (message) => {
    if (message === 'stop') end();
    else process.send?.(message === 'memory' ? memoryNow() : ownCpuUs());
  });
  process.on('disconnect', end);
  process.send?.(port);
}

function memoryNow(): { now: number; peak: number } {
  return { now: process.memoryUsage.rss(), peak: process.resourceUsage().maxRSS * 1024 };
}

async function answer(child: ChildProcess): Promise<unknown> {
  const message = once(child, 'message').then(([value]: unknown[]) => value);
  const exit = once(child, 'exit').then(([code]: unknown[]) => {
    throw new Error(`a server of the bench ended with ${code}`);
  });
  exit.catch(() => {}); // the exit that was asked for comes here too
  return await Promise.race([message, exit]);
}
