import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createLog, memberToken, openPlatform } from '@businessos/server';
import { backendCpuUs, usedBetween } from './cpu.ts';
import { type HttpChild, startChild } from './http-child.ts';
import { KeptConnection } from './http-load.ts';
import { loadTenants, type StageTenant } from './load.ts';
import { barOf, type Outcome, type RunOptions } from './outcome.ts';
import { closedLoop, inRounds } from './rounds.ts';
import { ratioOf, spreadOf } from './spread.ts';
import type { Stage } from './stage.ts';

const NAMES = ['server', 'bare'] as const;
type Name = (typeof NAMES)[number];

const CONNECTIONS = 32;
const TOKEN_S = 3_600;

interface Target {
  child: HttpChild;
  free: KeptConnection[];
  /** One request of each tenant. */
  requests: Buffer[];
}

/** What the whole server costs over what a careful developer writes by hand with Express and pg. */
export async function http(stage: Stage, { rounds: asked, quick, say }: RunOptions): Promise<Outcome> {
  const rounds = asked ?? (quick ? 1 : 21);
  const ms = quick ? 150 : 800;
  const tenants = await loadTenants(stage, quick ? 4 : 100, quick ? 50 : 1_000);
  const targets = await openTargets(stage, tenants);
  try {
    await checkEqual(targets);
    const measure = (name: Name, forMs: number) => measureSlot(stage, targets[name], forMs);
    await inRounds(2, NAMES, (name) => measure(name, ms));
    const slots = await inRounds(rounds, NAMES, (name, round) => {
      say(`round ${round + 1} of ${rounds}: ${name}`);
      return measure(name, ms);
    });
    const rates = (name: Name) => slots[name].map(({ perSecond }) => perSecond);
    const perRequest = (name: Name, side: 'clientUs' | 'serverUs') =>
      slots[name].reduce((sum, slot) => sum + slot[side], 0) / slots[name].reduce((sum, slot) => sum + slot.done, 0);
    return {
      rounds,
      results: NAMES.map((contender) => ({
        case: `list of 20 contacts over ${CONNECTIONS} connections`,
        contender,
        value: spreadOf(rates(contender)),
        unit: 'requests per second',
        ratio: ratioOf(rates(contender), rates('bare')),
        clientUs: perRequest(contender, 'clientUs'),
        serverUs: perRequest(contender, 'serverUs'),
      })),
      bars: [barOf('server vs bare', 'at least', 0.7, ratioOf(rates('server'), rates('bare')))],
      notes: [
        'server: the whole product in a process of its own, log level info to /dev/null',
        'bare: Express 5 and pg.Pool of 8 in a process of its own; the same token check with the same cache, where tenant_id = $1 on a copy of the tables without row security, no log, no security headers',
        'the items are equal (checked); the cursor of bare is not bound to tenant, filter and sort',
        'client: CPU of the serving process, server: CPU of PostgreSQL’s backends, per request',
      ],
    };
  } finally {
    for (const { child, free } of Object.values(targets)) {
      for (const connection of free) connection.end();
      await child.stop();
    }
  }
}

async function openTargets({ config, copy }: Stage, tenants: StageTenant[]): Promise<Record<Name, Target>> {
  const database = await copy('none');
  const { people, end } = await openPlatform(config, createLog({ logLevel: 'silent' }));
  const { keys, feed } = people;
  const tokens = tenants.map(({ id }) =>
    memberToken(keys, { personId: randomUUID(), tenantId: id, role: 'member', ...feed.head }, TOKEN_S),
  );
  const { iss, aud } = JSON.parse(Buffer.from(tokens[0]?.split('.')[1] ?? '', 'base64url').toString()) as {
    iss: string;
    aud: string;
  };
  const [key] = keys.jwks().keys;
  await end();
  const children: Record<Name, HttpChild> = {
    server: await startChild(new URL('./http-server.ts', import.meta.url), {
      BOS_DATA: config.dataDir,
      DATABASE_URL: config.databaseUrl?.href ?? '',
      PORT: '0',
      LOG_LEVEL: 'info',
    }),
    bare: await startChild(new URL('./http-bare.ts', import.meta.url), {
      BENCH_BARE: JSON.stringify({ database, key, issuer: iss, audience: aud }),
    }),
  };
  const targetOf = async (child: HttpChild): Promise<Target> => ({
    child,
    free: await Promise.all(Array.from({ length: CONNECTIONS }, () => KeptConnection.open(child.port))),
    requests: tenants.map(({ slug }, at) =>
      Buffer.from(
        [
          'GET /v1/contacts?limit=20 HTTP/1.1',
          `Host: ${slug}.${config.baseDomain}:${child.port}`,
          `Authorization: Bearer ${tokens[at]}`,
          'Accept: application/json',
          '\r\n',
        ].join('\r\n'),
      ),
    ),
  });
  return { server: await targetOf(children.server), bare: await targetOf(children.bare) };
}

/** A server that answers something else would be compared in vain. */
async function checkEqual(targets: Record<Name, Target>): Promise<void> {
  const [ours, bare] = await Promise.all(
    NAMES.map(async (name) => {
      const { free, requests } = targets[name];
      const { status, body } = await (free[0] as KeptConnection).send(requests[0] as Buffer);
      assert.equal(status, 200, `${name} answered ${status}: ${body}`);
      return JSON.parse(body) as { items: unknown[]; next: string };
    }),
  );
  assert.equal(JSON.stringify(ours?.items), JSON.stringify(bare?.items));
  assert.equal(ours?.items.length, 20);
  assert.ok(ours.next && bare?.next, 'both have a page after');
}

async function measureSlot({ admin }: Stage, { child, free, requests }: Target, ms: number) {
  const backends = await backendCpuUs(admin);
  const own = await child.cpuUs();
  const { perSecond, done } = await closedLoop(CONNECTIONS, ms, async () => {
    const connection = free.pop() as KeptConnection;
    const { status } = await connection.send(requests[Math.floor(Math.random() * requests.length)] as Buffer);
    free.push(connection);
    if (status !== 200) throw new Error(`an answer with ${status}`);
  });
  const clientUs = (await child.cpuUs()) - own;
  return { perSecond, done, clientUs, serverUs: usedBetween(backends, await backendCpuUs(admin)) };
}
