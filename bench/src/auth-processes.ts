import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog, createTenant, memberToken, openPlatform, type Platform } from '@businessos/server';
import { type HttpChild, startChild } from './http-child.ts';
import type { Stage } from './stage.ts';

const SERVER = new URL('./http-server.ts', import.meta.url);
const STEP_MS = 20;

/** Several servers on one database, and the means to ask them. */
export interface Processes {
  /** Statements a second that each process sends to the feed while nobody asks anything. */
  feedRate(seconds: number): Promise<number>;
  /** Milliseconds from the answer to a removal by one process to the last process's first refusal. */
  removal(): Promise<number>;
  /** Milliseconds from a silent database to the first 503; 200s until then are answers of a process that still knows. */
  cutOff(): Promise<number>;
  /** Megabytes that sign-ins at once add to what a process holds at most. */
  flood(count: number): Promise<number>;
  end(): Promise<void>;
}

/** Starts three servers, one of them behind a cable that can be silenced. */
export async function openProcesses(stage: Stage): Promise<Processes> {
  const { config } = stage;
  const platform = await openPlatform({ ...config, logLevel: 'silent' }, createLog({ logLevel: 'silent' }));
  const cable = await openCable(Number(config.databaseUrl?.port));
  const env = { BOS_DATA: config.dataDir, PORT: '0', LOG_LEVEL: 'warn' };
  const url = config.databaseUrl?.href ?? '';
  const children = [
    await startChild(SERVER, { ...env, DATABASE_URL: url }),
    await startChild(SERVER, { ...env, DATABASE_URL: url }),
    await startChild(SERVER, { ...env, DATABASE_URL: url.replace(`:${config.databaseUrl?.port}/`, `:${cable.port}/`) }),
  ];
  const slug = `bench-auth-${randomUUID().slice(0, 8)}`;
  const owner = { email: `owner@${slug}.example`, name: 'Owner' };
  const tenant = await createTenant(platform, randomUUID(), {
    ...{ slug, name: slug, region: config.region, plan: 'pro', owner },
  });
  const ask = (child: HttpChild, token: string) =>
    status(child, `${slug}.${config.baseDomain}`, 'GET /v1/contacts', token);
  const member = () => memberOf(stage, platform, tenant.id);
  return {
    feedRate: async (seconds) => {
      const before = await feedReads(stage);
      await sleep(seconds * 1_000);
      return ((await feedReads(stage)) - before) / seconds / (children.length + 1); // the platform here polls too
    },
    removal: async () => {
      const [admin, removed] = [await member(), await member()];
      for (const child of children) await until(() => ask(child, removed.token), 200);
      const [first] = children as [HttpChild];
      const host = `${slug}.${config.baseDomain}`;
      await until(() => status(first, host, `DELETE /v1/members/${removed.id}`, admin.token), 204);
      const started = performance.now();
      await Promise.all(children.map((child) => until(() => ask(child, removed.token), 401)));
      return performance.now() - started;
    },
    cutOff: async () => {
      const { token } = await member();
      const child = children[2] as HttpChild;
      await until(() => ask(child, token), 200);
      cable.silence(true);
      const started = performance.now();
      await until(() => status(child, `${slug}.${config.baseDomain}`, 'GET /v1/me', token, 400), 503);
      const ms = performance.now() - started;
      cable.silence(false);
      await until(() => ask(child, token), 200);
      return ms;
    },
    flood: async (count) => {
      const child = children[1] as HttpChild;
      const before = await child.memory();
      const body = JSON.stringify({
        grant: 'password',
        email: 'nobody@bench.example',
        password: 'x'.repeat(20),
        tenant: slug,
      });
      await Promise.all(
        Array.from({ length: count }, () => post(child, `id.${config.baseDomain}`, '/v1/tokens', body)),
      );
      const after = await child.memory();
      return (Math.max(after.peak, after.now) - before.now) / 1e6;
    },
    end: async () => {
      cable.silence(false);
      for (const child of children) await child.stop();
      cable.close();
      await platform.end();
    },
  };
}

/** A new admin of the tenant, and a token of his. */
async function memberOf(stage: Stage, { people }: Platform, tenantId: string): Promise<{ id: string; token: string }> {
  const id = randomUUID();
  await stage.inProduct(async (client) => {
    const email = `${id}@bench.example`;
    await client.query('insert into identity.persons (id, email, name) values ($1, $2, $2)', [id, email]);
    await client.query(
      "insert into identity.memberships (tenant_id, person_id, role, name, email) values ($1, $2, 'admin', $3, $3)",
      [tenantId, id, email],
    );
  });
  await people.feed.poll();
  return { id, token: memberToken(people.keys, { tenantId, personId: id, role: 'admin', ...people.feed.head }) };
}

async function feedReads(stage: Stage): Promise<number> {
  return await stage.inProduct(async (client) => {
    await client.query('select pg_stat_clear_snapshot()');
    const { rows } = await client.query<{ reads: string }>(
      "select seq_scan + coalesce(idx_scan, 0) as reads from pg_stat_user_tables where schemaname = 'identity' and relname = 'feed_head'",
    );
    return Number(rows[0]?.reads);
  });
}

async function until(ask: () => Promise<number>, wanted: number): Promise<void> {
  const end = performance.now() + 20_000;
  for (let got = await ask(); got !== wanted; got = await ask()) {
    if (performance.now() > end) throw new Error(`still ${got}, not ${wanted}`);
    await sleep(STEP_MS);
  }
}

/** The status of an answer; 0 when there was none in time. */
function status(child: HttpChild, host: string, route: string, token: string, withinMs = 5_000): Promise<number> {
  return send(child, host, route, { Authorization: `Bearer ${token}` }, undefined, withinMs);
}

function post(child: HttpChild, host: string, path: string, body: string): Promise<number> {
  return send(child, host, `POST ${path}`, { 'Content-Type': 'application/json' }, body, 60_000);
}

function send(
  { port }: HttpChild,
  host: string,
  route: string,
  headers: Record<string, string>,
  body: string | undefined,
  withinMs: number,
): Promise<number> {
  const [method = '', path = ''] = route.split(' ');
  return new Promise((resolve) => {
    const sent = request(
      { host: '127.0.0.1', port, method, path, headers: { ...headers, Host: `${host}:${port}` }, agent: false },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    sent.on('error', () => resolve(0));
    sent.setTimeout(withinMs, () => sent.destroy());
    sent.end(body);
  });
}

/** A way to the database that can swallow what goes through it, so that neither side sees an error. */
async function openCable(port: number): Promise<{ port: number; silence(silent: boolean): void; close(): void }> {
  const pairs = new Set<[Socket, Socket]>();
  let silent = false;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    for (const [from, to] of [pair, [far, near]] as const) {
      from.on('data', (bytes) => void (!silent && to.write(bytes)));
      from.on('error', () => {});
      from.on('close', () => {
        to.destroy();
        pairs.delete(pair);
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    silence: (now) => {
      silent = now;
      if (!now) for (const [near] of pairs) near.destroy(); // what was swallowed is lost: begin afresh
    },
    close: () => server.close(),
  };
}
