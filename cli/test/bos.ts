import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after } from 'node:test';
import { DEBIAN_15, hasDebian15, startSystemPostgres } from '@businessos/tenancy/embedded';

const BOS = new URL('../src/bos.ts', import.meta.url).pathname;
const undo: (() => unknown)[] = [];
after(async () => {
  for (const act of undo.reverse()) await act();
});

/** A folder of its own with a blank and an accent in its name; removed at the end, with what runs on it. */
export function folder(name = 'data à b'): string {
  const parent = mkdtempSync(join(tmpdir(), 'bos-cli-'));
  chmodSync(parent, 0o711);
  undo.push(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, name);
}

/** Runs one command to its end. */
export async function bos(
  env: NodeJS.ProcessEnv,
  ...args: string[]
): Promise<{ code: number | null; out: string; err: string }> {
  const child = start(env, args);
  const streams = [child.stdout, child.stderr].map((stream) => (stream ? text(stream) : ''));
  const [code] = (await once(child, 'exit')) as [number | null];
  const [out = '', err = ''] = await Promise.all(streams);
  return { code, out, err };
}

/** Asks the server at a name of its own; Node's resolver does not know that *.localhost is this machine. */
export async function ask(
  port: string,
  host: string,
  path: string,
  token?: string,
): Promise<{ status: number; body: string }> {
  const headers = { Host: `${host}:${port}`, ...(token !== undefined && { Authorization: `Bearer ${token}` }) };
  const request = get({ host: '127.0.0.1', port, path, headers, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}

/** Starts `bos serve` and waits for the words on its screen. @throws Error with what it printed when it ended. */
export async function serve(
  env: NodeJS.ProcessEnv,
  until: string,
  ...args: string[]
): Promise<ChildProcess & { screen: string }> {
  const child = Object.assign(start(env, ['serve', ...args]), { screen: '' });
  undo.push(() => child.kill('SIGKILL'));
  child.stderr?.on('data', (chunk) => {
    child.screen += String(chunk);
  });
  for await (const chunk of child.stdout ?? []) {
    child.screen += String(chunk);
    if (child.screen.includes(until)) return child;
  }
  throw new Error(`bos serve ended: ${child.screen}`);
}

/** Debian's PostgreSQL 15 on a folder of its own: the admin's URL, or undefined where it is not installed. */
export async function debian15(): Promise<string | undefined> {
  if (!hasDebian15()) return undefined;
  const { adminUrl, stop } = await startSystemPostgres(DEBIAN_15);
  undo.push(stop);
  return adminUrl;
}

function start(env: NodeJS.ProcessEnv, args: string[]): ChildProcess {
  const clean: NodeJS.ProcessEnv = { ...process.env, ...env };
  for (const name of ['NODE_TEST_CONTEXT', 'DATABASE_URL', 'NODE_ENV', 'LOG_LEVEL'])
    if (!(name in env)) delete clean[name];
  return spawn(process.execPath, [BOS, ...args], { env: clean, stdio: ['ignore', 'pipe', 'pipe'] });
}
