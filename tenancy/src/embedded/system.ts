import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** Where Debian's package postgresql-15 puts its programs. */
export const DEBIAN_15 = '/usr/lib/postgresql/15/bin';

/** True where Debian's package postgresql-15 is installed. */
export function hasDebian15(): boolean {
  return existsSync(join(DEBIAN_15, 'postgres'));
}

/**
 * Starts a system's PostgreSQL on a throwaway folder and a free port of loopback, as its own user when root, and waits
 * until it answers. `stop` ends it and removes the folder.
 * @throws Error when it does not answer within 20 s.
 */
export async function startSystemPostgres(bin: string): Promise<{ adminUrl: string; stop(): Promise<void> }> {
  const parent = mkdtempSync(join(tmpdir(), 'bos-postgres-'));
  chmodSync(parent, 0o777);
  const data = join(parent, 'data');
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    max_connections: '150',
    log_parameter_max_length: '0',
  };
  const flags = Object.entries(settings).map(([name, value]) => `-c ${name}='${value}'`);
  await once(run(`'${bin}/initdb' -D '${data}' -U postgres -A trust -k -E UTF8 --locale=C.UTF-8`), 'exit');
  run(`exec '${bin}/postgres' -D '${data}' -p ${port} ${flags.join(' ')}`);
  const stop = async () => {
    await once(run(`'${bin}/pg_ctl' -D '${data}' -m immediate -w stop`), 'exit');
    rmSync(parent, { recursive: true, force: true });
  };
  const adminUrl = `postgres://postgres@127.0.0.1:${port}/postgres`;
  for (let attempt = 0; ; attempt++) {
    const client = new pg.Client(adminUrl);
    client.on('error', () => {});
    try {
      await client.connect();
      await client.end();
      return { adminUrl, stop };
    } catch (error) {
      if (attempt < 100) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        continue;
      }
      await stop();
      throw error;
    }
  }
}

function run(command: string) {
  const root = process.getuid?.() === 0;
  return root
    ? spawn('su', ['postgres', '-s', '/bin/sh', '-c', command], { stdio: 'ignore' })
    : spawn('sh', ['-c', command], { stdio: 'ignore' });
}

/** Finds a port of loopback that nobody uses now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
