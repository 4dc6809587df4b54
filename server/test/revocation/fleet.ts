import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { RouteKey } from '@businessos/contract';
import { type Answer, type CallInput, callRoute } from '../client.ts';
import type { TestServer } from '../harness.ts';
import { freePort, type ServerProcess, startProcess } from '../server-process.ts';

/** One of several server processes of an installation. */
export interface Member extends ServerProcess {
  port: number;
  /** Calls a route at this process, at the host of a label (`id`, `operator` or a slug). */
  call<K extends RouteKey>(label: string, route: K, input?: CallInput): Promise<Answer<K>>;
}

/** Starts server processes on the database of a test server, each in a data folder of its own with the same keys. */
export async function startFleet(
  server: TestServer,
  databasePorts: readonly (number | undefined)[],
): Promise<Member[]> {
  return await Promise.all(databasePorts.map((port) => startMember(server, port)));
}

async function startMember({ db, config }: TestServer, databasePort: number | undefined): Promise<Member> {
  const dataDir = mkdtempSync(join(tmpdir(), 'bos-fleet-'));
  after(() => rmSync(dataDir, { recursive: true, force: true }));
  mkdirSync(join(dataDir, 'keys'));
  cpSync(join(config.dataDir, 'keys'), join(dataDir, 'keys'), { recursive: true });
  const roles = ['bos_app', 'bos_control', 'bos_identity'];
  const passwords = Object.fromEntries(roles.map((role) => [role, db.connection(role).password]));
  const { host, port: farPort, database } = db.connection('bos_app');
  const place = { host, port: databasePort ?? farPort, database };
  writeFileSync(join(dataDir, 'roles.json'), JSON.stringify({ ...place, passwords }), { mode: 0o600 });
  const port = await freePort();
  const started = await startProcess({
    BOS_DATA: dataDir,
    PORT: String(port),
    DATABASE_URL: `postgres://${place.host}:${place.port}/${database}`,
  });
  return {
    ...started,
    port,
    call: (label, route, input) => callRoute(port, route, { host: `${label}.bos.localhost:${port}`, ...input }),
  };
}

/** Milliseconds after which each process refused what it allowed before, and what it answered then. */
export interface Ending {
  ms: number;
  /** Whether an answer after the first refusal was a success again. */
  back: boolean;
}

const EVERY_MS = 40;
const SLACK_MS = 10_000;

/**
 * Asks every process again and again from `from` on, until each has answered as wished for half a second, or ten
 * seconds are over. `ms` is infinite for one that never did.
 */
export async function watch(
  members: readonly Member[],
  from: number,
  done: (member: Member) => Promise<boolean>,
): Promise<Ending[]> {
  return await Promise.all(
    members.map(async (member) => {
      const ending: Ending = { ms: Number.POSITIVE_INFINITY, back: false };
      for (let now = performance.now(); now - from < SLACK_MS; now = performance.now()) {
        const asked = performance.now();
        if (await done(member)) ending.ms = Math.min(ending.ms, asked - from);
        else if (ending.ms < asked - from) ending.back = true;
        if (asked - from > ending.ms + 500) break;
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      }
      return ending;
    }),
  );
}
