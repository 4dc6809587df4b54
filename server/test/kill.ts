import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiAnswer, RouteKey } from '@businessos/contract';
import { findEmbedded } from '@businessos/tenancy/embedded';
import pg from 'pg';
import { readConfig } from '../src/config.ts';
import { memberToken, operatorToken } from '../src/identity/tokens.ts';
import { createLog, openPlatform, type Platform } from '../src/start.ts';
import { type CallInput, callRoute } from './client.ts';
import { newMarker, onboardingOf } from './harness.ts';
import { freePort, type ServerProcess, startProcess } from './server-process.ts';

/** What is killed: the server's process, PostgreSQL's postmaster, or both at once. */
export type Victim = 'server' | 'postgres' | 'both';

export interface KillReport {
  /** Acknowledged writes, and how often one had to be sent again. */
  acknowledged: number;
  resent: number;
  faults: string[];
  /** How the last server ended at SIGTERM, and whether PostgreSQL was gone then. */
  exitCode: number | null;
  databaseGone: boolean;
}

interface Tenant {
  id: string;
  host: string;
  token: string;
}

interface State {
  port: number;
  base: string;
  stopping: boolean;
  report: KillReport;
  /** Names of contacts that were acknowledged, with id, version and whether their company was deleted since. */
  contacts: Map<string, { id: string; version: number; freed: boolean }>;
  tenants: string[];
}

const WRITERS = 6;

/**
 * Kills server and PostgreSQL (kill -9) one after the other while clients write with idempotency keys and send again
 * whatever was not answered; then counts in the database what was acknowledged. A killed server is started again as a
 * service manager would; PostgreSQL comes back by itself.
 */
export async function runKills(victims: readonly Victim[]): Promise<KillReport> {
  const dataDir = mkdtempSync(join(tmpdir(), 'bos-kill-'));
  chmodSync(dataDir, 0o711); // root runs PostgreSQL as another user, who has to enter it
  after(async () => {
    await (await findEmbedded(dataDir))?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const port = await freePort();
  const env = { BOS_DATA: dataDir, PORT: String(port) };
  let server = await startProcess(env);
  const report: KillReport = { acknowledged: 0, resent: 0, faults: [], exitCode: null, databaseGone: false };
  const state: State = {
    port,
    base: `bos.localhost:${port}`,
    stopping: false,
    report,
    contacts: new Map(),
    tenants: [],
  };
  const people = await peopleOf(dataDir);
  const operator = operatorToken(people.keys, 3_600);
  const tenants: Tenant[] = [];
  while (tenants.length < 2) tenants.push(await onboard(state, operator, people));
  const writers = Array.from({ length: WRITERS }, (_, n) => write(state, tenants[n % tenants.length] as Tenant));
  const onboarder = (async () => {
    while (!state.stopping) await onboard(state, operator, people);
  })();
  for (const victim of victims) {
    await progress(state, 40);
    server = await kill(victim, server, { dataDir, env, faults: report.faults });
  }
  await progress(state, 40);
  state.stopping = true;
  await Promise.all([...writers, onboarder]);
  await checkDatabase(dataDir, state);
  report.faults.push(...unexpected(server));
  report.exitCode = await server.end('SIGTERM');
  report.databaseGone = (await findEmbedded(dataDir)) === undefined;
  return report;
}

type People = Pick<Platform['people'], 'keys' | 'feed'>;

/** The keys of the installation, to sign tokens with while its servers come and go. */
async function peopleOf(dataDir: string): Promise<People> {
  const platform = await openPlatform(readConfig({ BOS_DATA: dataDir }), createLog({ logLevel: 'silent' }));
  await platform.end();
  return platform.people;
}

/** What a server logged as its own fault; that it allows nothing while PostgreSQL is gone is what it must say. */
function unexpected({ lines }: ServerProcess): string[] {
  return lines.filter((line) => line.includes('"level":50') && !line.includes('cannot look what was revoked'));
}

async function kill(
  victim: Victim,
  server: ServerProcess,
  { dataDir, env, faults }: { dataDir: string; env: Record<string, string>; faults: string[] },
): Promise<ServerProcess> {
  const embedded = victim === 'server' ? undefined : await findEmbedded(dataDir);
  if (embedded) process.kill(embedded.pid, 'SIGKILL');
  if (victim === 'postgres') return server;
  await server.end('SIGKILL');
  faults.push(...unexpected(server));
  return await startProcess(env);
}

/** Waits until so many more writes are acknowledged: the service is back. */
async function progress({ report }: State, writes: number): Promise<void> {
  const goal = report.acknowledged + writes;
  while (report.acknowledged < goal) await sleep(10);
}

/** Sends a write with a key of its own until it is acknowledged. Only answers that tell to try again are borne. */
async function acknowledged<K extends RouteKey>(
  state: State,
  route: K,
  input: CallInput & { host: string },
): Promise<ApiAnswer<K>> {
  const { report } = state;
  const key = randomUUID();
  for (let turn = 0; turn < 1_000; turn++) {
    if (turn > 0) report.resent++;
    const answer = await callRoute(state.port, route, { ...input, key }).catch((error: Error) => error);
    if (!(answer instanceof Error)) {
      if (answer.status < 300) {
        report.acknowledged++;
        return answer.ok;
      }
      const { code } = answer.problem;
      if (answer.status !== 503 && code !== 'REQUEST_RUNNING') report.faults.push(`${route} answered ${answer.text}`);
    } else if (
      !/ECONNREFUSED|ECONNRESET|EPIPE|hang up/.test(`${(answer as NodeJS.ErrnoException).code} ${answer.message}`)
    ) {
      report.faults.push(`${route}: ${answer.message}`);
    }
    await sleep(20 + Math.random() * 60);
  }
  throw new Error(`${route} was never acknowledged; the service did not come back`);
}

/** Creates contacts in a company, changes each, deletes the company; each write has its own key. */
async function write(state: State, { host, token }: Tenant): Promise<void> {
  const { contacts } = state;
  while (!state.stopping) {
    const company = await acknowledged(state, 'POST /v1/companies', {
      host,
      token,
      body: { name: `Firm ${randomUUID()}` },
    });
    const names: string[] = [];
    for (let n = 0; n < 3; n++) {
      const name = `Person ${randomUUID()}`;
      const body = { name, email: `${randomUUID()}@mail.example`, company_id: company.id };
      const { id } = await acknowledged(state, 'POST /v1/contacts', { host, token, body });
      contacts.set(name, { id, version: 1, freed: false });
      names.push(name);
      const changed = await acknowledged(state, 'PATCH /v1/contacts/{id}', {
        host,
        token,
        params: { id },
        version: 1,
        body: { phone: '1' },
      });
      contacts.set(name, { id, version: changed.version, freed: false });
    }
    await acknowledged(state, 'DELETE /v1/companies/{id}', { host, token, params: { id: company.id }, version: 1 });
    for (const name of names) contacts.set(name, { id: contacts.get(name)?.id ?? '', version: 3, freed: true });
  }
}

async function onboard(state: State, operator: string, { keys, feed }: People): Promise<Tenant> {
  const host = `operator.${state.base}`;
  const { id, slug } = await acknowledged(state, 'POST /v1/operator/tenants', {
    host,
    token: operator,
    body: onboardingOf(newMarker()),
  });
  state.tenants.push(id);
  const token = memberToken(keys, { tenantId: id, personId: randomUUID(), role: 'owner', ...feed.head }, 3_600);
  return { id, host: `${slug}.${state.base}`, token };
}

/** Compares what was acknowledged with what is there. */
async function checkDatabase(dataDir: string, { contacts, tenants, report }: State): Promise<void> {
  const url = new URL((await findEmbedded(dataDir))?.adminUrl ?? '');
  url.pathname = '/businessos';
  const admin = new pg.Client(url.href);
  await admin.connect();
  const rowsOf = async (text: string, values: unknown[] = []) =>
    (await admin.query<Record<string, never>>(text, values)).rows;
  try {
    const found = new Map<string, { id: string; version: number; company_id: string | null }[]>();
    for (const row of await rowsOf(
      "select id, name, version, company_id from crm.contacts where name like 'Person %'",
    )) {
      const { name } = row as unknown as { name: string };
      found.set(name, [...(found.get(name) ?? []), row as never]);
    }
    for (const [name, { id, version, freed }] of contacts) {
      const [row, ...more] = found.get(name) ?? [];
      const right =
        row?.id === id && row.version === version && (row.company_id === null) === freed && more.length === 0;
      if (!right)
        report.faults.push(`${name}, acknowledged as ${version} ${freed}, is ${JSON.stringify([row, ...more])}`);
    }
    for (const name of found.keys())
      if (!contacts.has(name)) report.faults.push(`${name} is there and was never acknowledged`);
    const bad: Record<string, string> = {
      'a key without its answer': 'select key from server.idempotency where status is null',
      'a contact of a deleted company':
        'select c.id from crm.contacts c join crm.companies f using (tenant_id) where f.id = c.company_id and f.deleted_at is not null',
      'a tenant that is not open': "select tenant_id from tenancy.homes where mode <> 'open'",
      'an onboarding that is not done': 'select key from control.onboardings where done_at is null',
      'a tenant without its owner':
        "select tenant_id from control.tenants t where (select count(*) from identity.memberships m where m.tenant_id = t.tenant_id and role = 'owner') <> 1",
    };
    for (const [what, text] of Object.entries(bad)) {
      for (const row of await rowsOf(text)) report.faults.push(`${what}: ${JSON.stringify(row)}`);
    }
    const there = (await rowsOf('select tenant_id from control.tenants')).map(
      (row) => row['tenant_id'] as unknown as string,
    );
    if (there.toSorted().join() !== tenants.toSorted().join())
      report.faults.push(`${there.length} tenants, ${tenants.length} acknowledged`);
  } finally {
    await admin.end();
  }
}
