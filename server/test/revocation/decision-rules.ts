import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Querier } from '@businessos/tenancy';
import { parseApiKey } from '../../src/identity/api-key.ts';
import type * as credentials from '../../src/identity/credential-store.ts';
import { hashOf } from '../../src/identity/opaque.ts';
import { newMarker, onboardingOf, type TestServer, type TestTenant } from '../harness.ts';
import { type Credential, type Life, Lives } from './lives.ts';
import { type Deciders, openStacks, type Stack } from './stacks.ts';

export type CredentialStore = Pick<typeof credentials, 'readMember' | 'readSession' | 'readKey'>;

interface Stage {
  server: TestServer;
  tenant: TestTenant;
  stack: Stack;
  clock: { ms: number };
  lives: Lives;
  life: Life;
}

async function openStage(server: TestServer, tenant: TestTenant, deciders: Deciders): Promise<Stage> {
  const clock = { ms: 0 };
  const [stack] = openStacks(server, 1, clock, deciders) as [Stack];
  const lives = new Lives(server, tenant, clock);
  await lives.add('admin');
  await stack.feed.poll();
  return { server, tenant, stack, clock, lives, life: lives.all[0] as Life };
}

async function mint({ lives, life }: Stage, kind: Credential['kind']): Promise<Credential> {
  await lives.mint(life, kind);
  return life.credentials.at(-1) as Credential;
}

async function resolve({ stack, tenant }: Stage, { kind, text }: Credential) {
  return await stack.authenticator.resolve({
    hostSlug: tenant.slug,
    headerSlug: undefined,
    bearer: kind === 'session' ? undefined : text,
    session: kind === 'session' ? text : undefined,
    web: { address: '127.0.0.1', requestId: randomUUID() },
  });
}

const INVALID = { code: 'CREDENTIAL_INVALID' };
type Rule = (server: TestServer, tenant: TestTenant, deciders: Deciders) => Promise<void>;

/** What must hold of whoever decides about requests, by a sentence each; a rule throws where it does not. */
export const decisionRules = {
  'a process that could not look for four seconds allows nothing, whatever is shown': async (...given) => {
    const stage = await openStage(...given);
    for (const kind of ['token', 'session', 'key'] as const) {
      const credential = await mint(stage, kind);
      await stage.stack.feed.poll();
      await resolve(stage, credential);
      stage.clock.ms += 4_001;
      await assert.rejects(resolve(stage, credential), { code: 'REVOCATION_UNKNOWN' });
    }
  },

  'a token ends with the membership, the role, the person’s sign-ins and its own sign-in': async (...given) => {
    const ends: ((stage: Stage) => Promise<void>)[] = [
      ({ lives, life }) => lives.remove(life),
      ({ lives, life }) => lives.changeRole(life),
      ({ lives, life }) => lives.reset(life),
      ({ lives, life }) => lives.signOut(life, true),
      ({ lives, life }) => lives.signOut(life, false),
    ];
    for (const end of ends) {
      const stage = await openStage(...given);
      const token = await mint(stage, 'token');
      await resolve(stage, token);
      await end(stage);
      await stage.stack.feed.poll();
      await assert.rejects(resolve(stage, token), INVALID, end.toString());
    }
  },

  'what is remembered of a session is read again once the membership, the role or the sign-in changed': async (
    ...given
  ) => {
    const stage = await openStage(...given);
    const { lives, life, stack } = stage;
    const session = await mint(stage, 'session');
    assert.equal((await resolve(stage, session)).role, 'admin');
    await lives.changeRole(life);
    await stack.feed.poll();
    assert.equal((await resolve(stage, session)).role, 'viewer');
    await lives.signOut(life, false);
    await stack.feed.poll();
    await assert.rejects(resolve(stage, session), INVALID);
    for (const end of [() => lives.signOut(life, true), () => lives.remove(life)]) {
      const next = await mint(stage, 'session');
      await resolve(stage, next);
      await end();
      await stack.feed.poll();
      await assert.rejects(resolve(stage, next), INVALID);
    }
  },

  'what is remembered of a key is read again once it was revoked, or its maker changed': async (...given) => {
    const stage = await openStage(...given);
    const { lives, life, stack } = stage;
    const key = await mint(stage, 'key');
    assert.equal((await resolve(stage, key)).may('members.manage'), true);
    await lives.changeRole(life);
    await stack.feed.poll();
    assert.equal((await resolve(stage, key)).may('members.manage'), false);
    await lives.revokeKey(life);
    await stack.feed.poll();
    await assert.rejects(resolve(stage, key), INVALID);
    const next = await mint(stage, 'key');
    await resolve(stage, next);
    await lives.remove(life);
    await stack.feed.poll();
    await assert.rejects(resolve(stage, next), INVALID);
  },

  'rights that were resolved stand no longer once they changed, or when that cannot be known': async (...given) => {
    for (const kind of ['token', 'session', 'key'] as const) {
      const stage = await openStage(...given);
      const { lives, life, stack, clock } = stage;
      const credential = await mint(stage, kind);
      await resolve(stage, credential);
      await stack.feed.poll();
      const rights = await resolve(stage, credential);
      assert.equal(rights.stand(), true);
      clock.ms += 4_001;
      assert.equal(rights.stand(), false, 'unknown');
      await stack.feed.poll();
      assert.equal(rights.stand(), true);
      await lives.remove(life);
      await stack.feed.poll();
      assert.equal(rights.stand(), false, 'ended');
    }
  },

  'a name that nobody had is found as soon as the feed tells of it, and a suspension is seen': async (...given) => {
    const { server, stack } = await openStage(...given);
    const body = onboardingOf(newMarker());
    const { tenants } = stack.people;
    assert.equal(await tenants.find(body), undefined);
    assert.equal(await tenants.find(body), undefined, 'remembered');
    assert.equal((await server.operate('POST /v1/operator/tenants', { body, key: randomUUID() })).status, 201);
    await stack.feed.poll();
    const { slug } = body;
    assert.equal((await tenants.find({ slug }))?.mode, 'open');
    await server.operate('POST /v1/operator/tenants/{slug}/suspend', { params: { slug } });
    await stack.feed.poll();
    assert.equal((await tenants.find({ slug }))?.mode, 'suspended');
  },
} satisfies Record<string, Rule>;

/**
 * Rights and the position that they are good for come of one statement: whoever is removed right behind any statement
 * of the read holds rights that are stale, or none.
 */
export async function checkRightsAreOfOneStatement(
  server: TestServer,
  tenant: TestTenant,
  deciders: Deciders,
  store: CredentialStore,
): Promise<void> {
  const { identity } = server.platform.people;
  for (const kind of ['token', 'session', 'key'] as const) {
    const stage = await openStage(server, tenant, deciders);
    const { lives, life, stack } = stage;
    const { text } = await mint(stage, kind);
    const db: Querier = {
      query: async (statement, form) => {
        const answer = await identity.query(statement, form);
        await lives.remove(life);
        return answer as never;
      },
    };
    const read = await identity.withTenant(tenant.id, 's:test', async () => {
      if (kind === 'token') return await store.readMember(db, life.person.id);
      if (kind === 'session') return await store.readSession(db, hashOf(text));
      return await store.readKey(db, (parseApiKey(text) as { hash: Buffer }).hash);
    });
    assert.ok(read && read.role === 'admin', 'the rights were read');
    await stack.feed.poll();
    assert.equal(stack.feed.isStale(read, [`m:${tenant.id}:${life.person.id}`]), true, `${kind}: never stale`);
  }
}
