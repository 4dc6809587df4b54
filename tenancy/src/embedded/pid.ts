import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from './error.ts';

/** True while `pid` runs; a dead process that its parent has not collected yet counts as gone. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
  if (process.platform !== 'linux') return true;
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch (error) {
    return !hasCode(error, 'ENOENT', 'ESRCH');
  }
}

/** What PostgreSQL writes to `postmaster.pid` (its sources, src/include/utils/pidfile.h). */
interface PidFile {
  pid: number;
  port: number;
}

/** Reads `postmaster.pid`; undefined when there is none, or none that names a process and a port. */
export async function readPidFile(dataDirectory: string): Promise<PidFile | undefined> {
  const text = await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  });
  const [pid, , , port] = text.split('\n').map(Number);
  return pid && pid > 0 && port && port > 0 ? { pid, port } : undefined;
}

/**
 * Tells from its command line and working folder whether `pid` is the postmaster of `dataDirectory`, without asking it.
 * `unknown` is a postgres of which the system does not say on which folder.
 */
export function isPostmasterOf(dataDirectory: string, pid: number): 'yes' | 'no' | 'unknown' {
  if (!isAlive(pid)) return 'no';
  const command = commandOf(pid);
  if (!command) return 'unknown';
  // Children of any postmaster have the title "postgres: what they do".
  if (!/postgres/i.test(command) || /^postgres: /.test(command)) return 'no';
  const folder = folderOf(pid);
  if (folder) return folder === dataDirectory ? 'yes' : 'no';
  if (command.includes(` -D ${dataDirectory} `)) return 'yes';
  return / -D /.test(command) ? 'no' : 'unknown';
}

/** The working folder, which is a postmaster's data directory even after that was moved; root and the owner see it. */
function folderOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function commandOf(pid: number): string | undefined {
  if (process.platform === 'win32') {
    return spawnSync('tasklist', ['/NH', '/FI', `PID eq ${pid}`], { encoding: 'utf8' }).stdout || undefined;
  }
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return undefined;
  }
  const { status, stdout } = spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  return status === 0 ? `${stdout.trim()} ` : undefined;
}

/**
 * Makes a stale `postmaster.pid` harmless whose pid now belongs to a process of no concern, which PostgreSQL would take
 * for a running server. The file stays, with a pid that no system gives out: its shared memory key is how PostgreSQL
 * notices that children of the dead server still run. Does nothing where there is no such file.
 */
export async function disarmPidFile(dataDirectory: string): Promise<void> {
  const file = await open(join(dataDirectory, 'postmaster.pid'), 'r+').catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw error;
  });
  if (!file) return;
  try {
    const lines = (await file.readFile('utf8')).split('\n');
    const text = ['2147483647', ...lines.slice(1)].join('\n');
    await file.truncate();
    await file.write(text, 0);
  } finally {
    await file.close();
  }
}
