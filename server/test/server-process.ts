import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';

/** A server in a process of its own, started by the command line. */
export interface ServerProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** What it wrote, on stdout and stderr. */
  readonly lines: string[];
  /** Sends a signal and waits for the end; the exit code, or null after a kill. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const BOS = join(import.meta.dirname, '../../cli/src/bos.ts');
const running = new Set<ServerProcess>();
after(async () => {
  for (const server of running) await server.end('SIGKILL');
});

/** Starts `bos serve` and resolves when it serves. @throws Error with its output when it ends before. */
export async function startProcess(env: Record<string, string>): Promise<ServerProcess> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [BOS, 'serve'], {
    env: { PATH, HOME, LOG_LEVEL: 'info', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const server: ServerProcess = {
    pid: child.pid ?? 0,
    child,
    lines,
    end: async (signal) => {
      child.kill(signal);
      const [code] = await exited;
      running.delete(server);
      return code;
    },
  };
  running.add(server);
  const serving = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on('line', (line) => {
        lines.push(line);
        if (line.includes('"msg":"serving"')) resolve();
      });
    }
  });
  const failed = exited.then(([code]) => {
    throw new Error(`bos serve ended with ${code}:\n${lines.join('\n')}`);
  });
  failed.catch(() => {});
  await Promise.race([serving, failed]);
  return server;
}

/** A port that nothing uses at this moment. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0);
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
