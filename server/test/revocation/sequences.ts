import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import type { Rights } from '../../src/identity/authenticate.ts';
import { Refusal } from '../../src/refusal.ts';
import type { TestServer, TestTenant } from '../harness.ts';
import { type Credential, type Life, Lives } from './lives.ts';
import type { Stack } from './stacks.ts';

/** What the product promises, and the longest that a run sits idle. */
const WITHIN_MS = 5_000;
const PEOPLE = 2;

/** Something that happens, to a person or at a process. */
export type Happening =
  | { do: 'mint'; who: number; kind: Credential['kind'] }
  | {
      do: 'refresh' | 'refresh while removed' | 'refresh while changed' | 'refresh while signed out';
      who: number;
      at: number;
    }
  | { do: 'remove' | 'join' | 'change role' | 'reset' | 'sign out' | 'sign out everywhere' | 'revoke key'; who: number }
  | { do: 'poll' | 'slow' | 'deliver' | 'cut' | 'mend' | 'stop' | 'continue'; at: number }
  | { do: 'wait'; ms: number }
  | { do: 'ask'; who: number; at: number };

const who = fc.nat({ max: PEOPLE - 1 });
const at = fc.nat({ max: 2 });
const one = <T extends string>(...names: T[]) => fc.constantFrom(...names);

/** Random lives of people and processes; what asks and what waits is most of it. */
export const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: one('mint'), who, kind: one('token', 'session', 'key') }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: one('refresh', 'refresh while removed', 'refresh while changed', 'refresh while signed out'),
        who,
        at,
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: one(
          'remove',
          'join',
          'join',
          'change role',
          'change role',
          'reset',
          'sign out',
          'sign out everywhere',
          'revoke key',
        ),
        who,
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        do: one(
          'poll',
          'poll',
          'poll',
          'poll',
          'slow',
          'deliver',
          'deliver',
          'cut',
          'mend',
          'mend',
          'stop',
          'continue',
          'continue',
        ),
        at,
      }),
    },
    { weight: 5, arbitrary: fc.record({ do: one('wait'), ms: fc.integer({ min: 1, max: 3_000 }) }) },
    { weight: 8, arbitrary: fc.record({ do: one('ask'), who, at }) },
  ),
  { minLength: 25, maxLength: 60, size: 'max' },
);

export interface Counts {
  allowed: number;
  refused: number;
  unknown: number;
}

/** Lets it all happen on the given processes, and throws where an answer is not what the truth of that time allows. */
export async function run(
  server: TestServer,
  tenant: TestTenant,
  stacks: readonly Stack[],
  clock: { ms: number },
  story: readonly Happening[],
  counts: Counts,
): Promise<void> {
  const lives = new Lives(server, tenant, clock);
  while (lives.all.length < PEOPLE) await lives.add('admin');
  const stopped = new Set<Stack>();
  const open: Promise<void>[] = [];
  const later = new Map<Stack, (() => void)[]>(stacks.map((stack) => [stack, []]));
  for (const { network, feed } of stacks) {
    network.cut = false;
    network.release();
    await feed.poll();
  }

  /** Starts a work of a process; it is waited for unless the process hangs. */
  const start = async (stack: Stack, work: () => Promise<unknown>) => {
    const begin = () => {
      const running = work().then(() => {});
      running.catch(() => {}); // looked at below
      open.push(running);
      return running;
    };
    if (stopped.has(stack)) later.get(stack)?.push(() => void begin());
    else if (stack.network.held) void begin();
    else await begin();
  };
  const settle = async () => {
    const held = stacks.some(({ network }) => network.held) || stopped.size > 0;
    if (!held) await Promise.all(open.splice(0));
  };

  /** One request with everything that somebody has, at one process. */
  const ask = async (stack: Stack, life: Life) => {
    for (const credential of life.credentials) {
      await start(stack, async () => {
        const rights = await resolve(stack, tenant, credential);
        judge(life, credential, rights);
        counts[rights === 'unknown' || rights === 'refused' ? rights : 'allowed']++;
      });
    }
  };
  const judge = (life: Life, credential: Credential, rights: Rights | 'refused' | 'unknown') => {
    if (rights === 'refused' || rights === 'unknown') return;
    const since = clock.ms - WITHIN_MS;
    const about = `${credential.kind} at ${clock.ms}, ended at ${credential.endedAt}`;
    assert.ok(credential.endedAt === undefined || credential.endedAt >= since, `allowed too late: ${about}`);
    const roles = lives.rolesSince(life, since);
    if (rights.role !== undefined) assert.ok(roles.includes(rights.role), `as ${rights.role}, ${about}`);
    if (rights.may('members.manage')) assert.ok(roles.includes('admin'), `as an admin too late: ${about}`);
  };

  for (const happening of story) {
    const stack = stacks['at' in happening ? happening.at : 0] as Stack;
    const life = lives.all['who' in happening ? happening.who : 0] as Life;
    const { network, feed } = stack;
    const racing = async (act: () => Promise<void>) => {
      const before = new Set(life.credentials);
      await Promise.all([refreshAt(lives, life, stack, stopped), act()]);
      for (const credential of life.credentials) if (!before.has(credential)) credential.raced = true;
    };
    switch (happening.do) {
      case 'mint':
        await lives.mint(life, happening.kind);
        break;
      case 'refresh':
        await refreshAt(lives, life, stack, stopped);
        break;
      case 'refresh while removed':
        await racing(() => lives.remove(life));
        if (!life.member) endAll(life, clock.ms);
        break;
      case 'refresh while changed':
        await racing(() => lives.changeRole(life));
        break;
      case 'refresh while signed out':
        await racing(() => lives.signOut(life, true));
        endAll(life, clock.ms, 'key');
        break;
      case 'remove':
        await lives.remove(life);
        break;
      case 'join':
        await lives.join(life);
        break;
      case 'change role':
        await lives.changeRole(life);
        break;
      case 'reset':
        await lives.reset(life);
        break;
      case 'sign out':
      case 'sign out everywhere':
        await lives.signOut(life, happening.do === 'sign out everywhere');
        break;
      case 'revoke key':
        await lives.revokeKey(life);
        break;
      case 'poll':
        await start(stack, () => feed.poll().catch(() => {}));
        break;
      case 'slow':
        network.hold();
        break;
      case 'deliver':
        network.release();
        await settle();
        break;
      case 'cut':
        network.cut = true;
        break;
      case 'mend':
        network.cut = false;
        break;
      case 'stop':
        stopped.add(stack);
        network.hold();
        break;
      case 'continue':
        stopped.delete(stack);
        network.release();
        for (const begin of later.get(stack)?.splice(0) ?? []) begin();
        await settle();
        break;
      case 'wait':
        await turn(); // whatever is decided and needs no database is decided before time goes on
        clock.ms += happening.ms;
        break;
      case 'ask':
        await ask(stack, life);
        break;
    }
  }
  await atRest();

  /** In the end nothing is cut, and every process grants exactly what is still somebody's. */
  async function atRest(): Promise<void> {
    stopped.clear();
    for (const { network } of stacks) {
      network.cut = false;
      network.release();
    }
    for (const begin of [...later.values()].flatMap((list) => list.splice(0))) begin();
    await Promise.all(open.splice(0));
    clock.ms += 2 * WITHIN_MS;
    for (const stack of stacks) {
      await stack.feed.poll();
      for (const life of lives.all) {
        for (const credential of life.credentials) {
          const rights = await resolve(stack, tenant, credential);
          const about = `${credential.kind}, ended at ${credential.endedAt} of ${clock.ms}`;
          if (credential.endedAt !== undefined) assert.equal(rights, 'refused', about);
          else if (rights === 'refused' || rights === 'unknown')
            assert.ok(credential.raced && rights === 'refused', `${rights} for no reason: ${about}`);
          else assert.equal(rights.may('members.manage'), lives.roleOf(life) === 'admin', about);
        }
      }
    }
  }
}

/** Refreshes, where the process is there to be asked. */
async function refreshAt(lives: Lives, life: Life, stack: Stack, stopped: ReadonlySet<Stack>): Promise<void> {
  if (stack.network.held || stack.network.cut || stopped.has(stack)) return;
  await lives.refresh(life, stack);
}

function endAll({ credentials }: Life, now: number, but?: Credential['kind']): void {
  for (const credential of credentials) if (credential.kind !== but) credential.endedAt ??= now;
}

/** Resolves as the gateway does: once more when what it was told no longer stands by the time it has the whole request. */
async function resolve(
  stack: Stack,
  tenant: TestTenant,
  { kind, text }: Credential,
): Promise<Rights | 'refused' | 'unknown'> {
  const presented = {
    hostSlug: tenant.slug,
    headerSlug: undefined,
    bearer: kind === 'session' ? undefined : text,
    session: kind === 'session' ? text : undefined,
    web: { address: '127.0.0.1', requestId: randomUUID() },
  };
  try {
    const rights = await stack.authenticator.resolve(presented);
    return rights.stand() ? rights : await stack.authenticator.resolve(presented);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'REVOCATION_UNKNOWN' || code === 'DATABASE_UNAVAILABLE') return 'unknown';
    if (error instanceof Refusal && code === 'CREDENTIAL_INVALID') return 'refused';
    throw error;
  }
}
