import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RouteKey } from '@businessos/contract';
import type { CallInput } from './client.ts';
import { onboardTenant, type TestServer, type TestTenant } from './harness.ts';

/** What a load met. Everything in `faults` is a fault of the server. */
export interface LoadReport {
  answers: number;
  writes: number;
  aborted: number;
  leaving: number;
  byStatus: Record<string, number>;
  /** Texts of one tenant that another saw, in answers, in the log or in the tables. */
  foreign: string[];
  faults: string[];
}

export interface LoadOptions {
  requests: number;
  inFlight?: number;
  /** Which part of the requests their clients leave in the middle; 1 in 20 by default. */
  leaving?: number;
}

/** What a worker knows of a tenant, so that its requests meet what others left. */
interface Known {
  tenant: TestTenant;
  contacts: { id: string; version: number }[];
  companies: { id: string; version: number }[];
}

/** A create whose outcome must be exactly one row (`sure`), or at most one. */
interface Creation {
  tenant: TestTenant;
  tag: string;
  key: string | undefined;
  sure: boolean;
  input: CallInput;
}

const MARKER = /q[0-9a-f]{10}z/g;

/** Onboards tenants that share an agent. */
export async function loadTenants(server: TestServer, count: number, agent: Agent): Promise<TestTenant[]> {
  const tenants: TestTenant[] = [];
  while (tenants.length < count) tenants.push(await onboardTenant(server, agent));
  return tenants;
}

export function loadAgent(inFlight = 64): Agent {
  return new Agent({ keepAlive: true, maxSockets: inFlight });
}

/**
 * Sends requests of all tenants through HTTP, half of them writes, 1 in 20 left by its client in the middle, each text
 * with its tenant's marker; then looks for markers of others in every answer, log line and stored row, for creations
 * that are lost, doubled or half done, and for connections that are not as they were.
 */
export async function runLoad(
  server: TestServer,
  tenants: TestTenant[],
  { requests, inFlight = 64, leaving = 0.05 }: LoadOptions,
): Promise<LoadReport> {
  const report: LoadReport = { answers: 0, writes: 0, aborted: 0, leaving, byStatus: {}, foreign: [], faults: [] };
  const known = tenants.map((tenant): Known => ({ tenant, contacts: [], companies: [] }));
  const creations: Creation[] = [];
  const firstLine = server.lines.length;
  let left = requests;
  let most = 0;
  const worker = async () => {
    while (left-- > 0) {
      const at = Math.floor(Math.random() * known.length);
      await step(known[at] as Known, known[(at + 1) % known.length] as Known, creations, report);
      most = Math.max(most, server.platform.tenancy.counters().connections);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  for (const creation of creations.filter(({ sure, key }) => !sure && key !== undefined)) await again(creation, report);
  await settle(server, report);
  if (most > 8) report.faults.push(`${most} connections at once`);
  checkLog(server.lines.slice(firstLine), tenants, report);
  await checkTables(server, tenants, creations, report);
  return report;
}

async function step(own: Known, other: Known, creations: Creation[], report: LoadReport): Promise<void> {
  const { tenant } = own;
  const contact = pick(own.contacts);
  const company = pick(own.companies);
  const strange = pick(other.contacts)?.id ?? other.tenant.id;
  const tag = randomUUID();
  const text = `${tag} ${tenant.marker}`;
  const reads: (() => Promise<void>)[] = [
    () => send(own, report, 'GET /v1/contacts', { query: { limit: 20 } }, [200]),
    () => send(own, report, 'GET /v1/contacts', { query: { 'name.prefix': 'person', sort: 'name', limit: 50 } }, [200]),
    () =>
      send(
        own,
        report,
        'GET /v1/contacts',
        { query: { 'email.eq': 'shared@mail.example', 'status.in': 'lead,active' } },
        [200],
      ),
    () => send(own, report, 'GET /v1/companies', { query: { sort: '-created' } }, [200]),
    () => send(own, report, 'GET /v1/contacts/{id}', { params: { id: contact?.id ?? tag } }, [200, 404]),
    () => send(own, report, 'GET /v1/contacts/{id}', { params: { id: strange } }, [404]),
    () => send(own, report, 'GET /v1/tenant', {}, [200]),
    () => send(own, report, 'GET /v1/contacts', { host: other.tenant.host }, [404]),
  ];
  const key = Math.random() < 0.5 ? randomUUID() : undefined;
  const create = (what: 'contacts' | 'companies') => {
    const id = what === 'contacts' ? { email: `${tag}-${tenant.marker}@mail.example`, phone: tenant.marker } : {};
    const of = what === 'contacts' && company ? { company_id: company.id } : {};
    const input = { body: { name: `Person ${text}`, ...id, ...of }, ...(key && { key }) };
    const creation: Creation = { tenant, tag, key, sure: false, input };
    creations.push(creation);
    return send(own, report, `POST /v1/${what}`, input, [201, 422], creation);
  };
  const writes: (() => Promise<void>)[] = [
    () => create('contacts'),
    () => create('contacts'),
    () => create('companies'),
    () =>
      send(
        own,
        report,
        'POST /v1/contacts',
        { body: { name: `Shared ${text}`, email: 'shared@mail.example' } },
        [201, 409],
      ),
    () =>
      send(
        own,
        report,
        'POST /v1/contacts',
        { body: { name: text, company_id: pick(other.companies)?.id ?? tag } },
        [422],
      ),
    () =>
      send(
        own,
        report,
        'PATCH /v1/contacts/{id}',
        { params: { id: contact?.id ?? tag }, version: contact?.version ?? 1, body: { phone: tenant.marker } },
        [200, 404, 412],
      ),
    () =>
      send(
        own,
        report,
        'PATCH /v1/contacts/{id}',
        { params: { id: strange }, version: 1, body: { name: text } },
        [404],
      ),
    () =>
      send(
        own,
        report,
        'DELETE /v1/companies/{id}',
        { params: { id: company?.id ?? tag }, version: company?.version ?? 1 },
        [204, 404, 412],
      ),
  ];
  const work = Math.random() < 0.5 ? reads : writes;
  const chosen: (() => Promise<void>) | undefined = pick(work);
  if (chosen) await chosen();
}

/** Sends one request, perhaps leaves it in the middle, and judges what came back. */
async function send(
  own: Known,
  report: LoadReport,
  route: RouteKey,
  input: CallInput,
  expected: number[],
  creation?: Creation,
): Promise<void> {
  const controller = new AbortController();
  const leaving = Math.random() < report.leaving;
  if (leaving) setTimeout(() => controller.abort(), Math.random() * 12);
  if (!route.startsWith('GET')) report.writes++;
  try {
    const answer = await own.tenant.call(route, { ...input, ...(leaving && { signal: controller.signal }) });
    report.answers++;
    report.byStatus[answer.status] = (report.byStatus[answer.status] ?? 0) + 1;
    for (const [found] of answer.text.matchAll(MARKER)) {
      if (found !== own.tenant.marker) report.foreign.push(`${route} of ${own.tenant.marker} answered ${found}`);
    }
    if (!expected.includes(answer.status)) report.faults.push(`${route} answered ${answer.status} ${answer.text}`);
    if (answer.status >= 400) return;
    if (creation) creation.sure = true;
    if (answer.status === 204) return;
    const body = answer.ok as unknown as { id?: string; version?: number };
    if (body.id && body.version)
      remember(route.includes('companies') ? own.companies : own.contacts, body.id, body.version);
  } catch (error) {
    if (leaving && controller.signal.aborted) report.aborted++;
    else report.faults.push(`${route}: ${(error as Error).message}`);
  }
}

/** A create that was left in the middle is sent again with its key: it must be there once afterwards. */
async function again({ tenant, input, ...creation }: Creation, report: LoadReport): Promise<void> {
  const route = (input.body as { email?: string }).email === undefined ? 'POST /v1/companies' : 'POST /v1/contacts';
  const answer = await tenant.call(route, input).catch((error: Error) => error);
  if (answer instanceof Error || (answer.status !== 201 && answer.status !== 422)) {
    report.faults.push(`${creation.tag} again: ${answer instanceof Error ? answer.message : answer.text}`);
  }
}

function remember(list: Known['contacts'], id: string, version: number): void {
  const held = list.find((one) => one.id === id);
  if (held) held.version = version;
  else list.push({ id, version });
  if (list.length > 40) list.shift();
}

function pick<T>(list: readonly T[]): T | undefined {
  return list[Math.floor(Math.random() * list.length)];
}

/** Waits until what the clients left is cleaned up, and checks that the pool is as it was. */
async function settle(server: TestServer, report: LoadReport): Promise<void> {
  const counters = () => {
    const { leased, waiting, multiplexedInFlight } = server.platform.tenancy.counters();
    return leased + waiting + multiplexedInFlight;
  };
  for (let turn = 0; turn < 500 && counters() > 0; turn++) await sleep(20);
  if (counters() > 0)
    report.faults.push(`the pool is not clean: ${JSON.stringify(server.platform.tenancy.counters())}`);
  const { rows } = await server.db.admin.query<{ state: string; locks: number }>(
    `select state, (select count(*)::int from pg_locks l where l.pid = a.pid and l.locktype = 'advisory') as locks
     from pg_stat_activity a where datname = current_database() and usename = 'bos_app' and (state <> 'idle' or state is null)`,
  );
  for (const { state } of rows) report.faults.push(`a connection is left in state ${state}`);
}

function checkLog(lines: readonly string[], tenants: TestTenant[], report: LoadReport): void {
  const bySlug = new Map(tenants.map(({ slug, marker }) => [slug, marker]));
  for (const line of lines) {
    const { tenant } = JSON.parse(line) as { tenant?: string };
    for (const [found] of line.matchAll(MARKER)) {
      if (found !== bySlug.get(tenant ?? '')) report.foreign.push(`log: ${line}`);
    }
    if (/mail\.example|Person |Bearer|eyJ/.test(line)) report.faults.push(`log: ${line}`);
  }
}

async function checkTables(
  { db }: TestServer,
  tenants: TestTenant[],
  creations: Creation[],
  report: LoadReport,
): Promise<void> {
  const markers = new Map(tenants.map(({ id, marker }) => [id, marker]));
  const { rows } = await db.admin.query<{ tenant_id: string; text: string }>(
    `select tenant_id, concat_ws(' ', name, email, phone) as text from crm.contacts
     union all select tenant_id, name from crm.companies union all select tenant_id, coalesce(body, '') from server.idempotency`,
  );
  const seen = new Map<string, number>();
  for (const { tenant_id, text } of rows) {
    for (const [found] of text.matchAll(MARKER)) {
      if (found !== markers.get(tenant_id) && markers.has(tenant_id)) report.foreign.push(`${tenant_id} owns ${text}`);
    }
    const tag = /^Person (\S+)/.exec(text)?.[1];
    if (tag) seen.set(tag, (seen.get(tag) ?? 0) + 1);
  }
  for (const { tag, sure } of creations) {
    const count = seen.get(tag) ?? 0;
    if (count > 1 || (sure && count === 0)) report.faults.push(`${tag} is there ${count} times`);
  }
  const half = await db.admin.query('select key from server.idempotency where status is null');
  for (const { key } of half.rows) report.faults.push(`the key ${key} is half done`);
  const torn = await db.admin.query(
    'select c.id from crm.contacts c join crm.companies f on f.tenant_id = c.tenant_id and f.id = c.company_id where f.deleted_at is not null',
  );
  for (const { id } of torn.rows) report.faults.push(`the contact ${id} points at a deleted company`);
}
