import { rmSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { ConfigError } from './config.ts';
import { findFile, keepFile } from './key-files.ts';

interface ServerFile {
  pid: number;
  port: number;
}

const NAME = 'server.json';

/** Finds the server that runs on this data folder, by its file and an answer of its own. */
export async function findServer(dataDir: string): Promise<ServerFile | undefined> {
  const known = findFile<ServerFile>(dataDir, NAME);
  if (known === undefined || !isAlive(known.pid)) return undefined;
  return (await answers(known.port)) ? known : undefined;
}

/** Refuses to start a second server on one data folder. @throws ConfigError naming the first. */
export async function refuseSecond(dataDir: string): Promise<void> {
  const known = await findServer(dataDir);
  if (known) {
    throw new ConfigError(
      `BusinessOS runs on ${dataDir} already: process ${known.pid} at http://localhost:${known.port}. Stop it first (Ctrl-C there, or kill ${known.pid}), or start on other data with BOS_DATA and PORT.`,
    );
  }
}

/** Notes that this process serves the data folder at the port. */
export function registerServer(dataDir: string, port: number): void {
  keepFile(dataDir, NAME, { pid: process.pid, port } satisfies ServerFile);
}

/** Takes the note back, if it is this process's own. */
export function forgetServer(dataDir: string): void {
  if (findFile<ServerFile>(dataDir, NAME)?.pid === process.pid) rmSync(join(dataDir, NAME), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The pid may have gone to another program since a kill -9: only an answer of ours counts. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port, path: '/healthz', headers: { Host: `localhost:${port}` }, timeout: 2_000 },
      (response) => {
        response.resume();
        resolve(response.headers['x-request-id'] !== undefined);
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}
