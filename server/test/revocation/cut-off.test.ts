import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Route, type RouteKey, routes } from '@businessos/contract';
import { onboardTenant, startTestServer } from '../harness.ts';
import { type Member, startFleet, watch } from './fleet.ts';
import { addPerson, browse, openBrowser, type Person, signIn } from './person.ts';
import { openWire } from './silent-wire.ts';

const UNKNOWN = ['REVOCATION_UNKNOWN', 'DATABASE_UNAVAILABLE'];
/** A client that is not answered gives up: what was under way when the database fell silent waits for it. */
const GIVE_UP_MS = 1_000;
const NO_ANSWER = { status: 0, text: '{}' };
const server = await startTestServer();
const a = await onboardTenant(server);
const wire = await openWire(server.db.connection('bos_app'));
const fleet = await startFleet(server, [undefined, wire.port, undefined]);
const [near, far, sleepy] = fleet as [Member, Member, Member];
const ofOwner = { token: a.token };

const remove = async ({ id }: Person) => {
  const { status, text } = await near.call(a.slug, 'DELETE /v1/members/{id}', { ...ofOwner, params: { id } });
  assert.equal(status, 204, text);
};
const ask = async (member: Member, token: string, patienceMs = GIVE_UP_MS) => {
  const signal = AbortSignal.timeout(patienceMs);
  return await member.call(a.slug, 'GET /v1/me', { token, signal }).catch(() => NO_ANSWER);
};
const askBySession = async (member: Member, cookie: string) => {
  const signal = AbortSignal.timeout(GIVE_UP_MS);
  const host = `${a.slug}.bos.localhost:${member.port}`;
  return await browse(member.port, 'GET /v1/me', { host, cookie, signal }).catch(() => NO_ANSWER);
};
const codeOf = ({ text }: { text: string }) => (JSON.parse(text) as { code?: string }).code;

/** Everything that needs somebody, with a credential that was good. */
async function askAll(member: Member, login: string): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {};
  const needing = (Object.entries(routes) as [RouteKey, Route][]).filter(
    ([, { permission }]) => permission !== 'public',
  );
  await Promise.all(
    needing.map(async ([key, { host }]) => {
      const signal = AbortSignal.timeout(GIVE_UP_MS);
      const params = { id: a.id, slug: a.slug };
      const answer =
        host === 'id'
          ? browse(member.port, key.replace('{id}', a.id), {
              host: `id.bos.localhost:${member.port}`,
              cookie: login,
              signal,
            })
          : member.call(host === 'tenant' ? a.slug : host, key, {
              token: host === 'operator' ? server.operator : a.token,
              params,
              signal,
            });
      answers[key] = await answer.then(
        (got) => `${got.status} ${codeOf(got)}`,
        (error: Error) => error.name,
      );
    }),
  );
  return answers;
}

/** What a process is cut off from: everything, or only what tells what was taken away. */
const cuts = {
  'its database falls silent': undefined,
  'it cannot look at the feed, and reaches its tables': 'identity.feed f',
};

for (const [what, only] of Object.entries(cuts)) {
  test(`a process answers 503 within 5 s of whatever ended when ${what}, and is back by itself`, async (t) => {
    const [removed, kept] = [await addPerson(server, a.id, 'admin'), await addPerson(server, a.id, 'member')];
    const [gone, good] = [
      (await signIn(near.port, removed, a.slug)).access_token,
      (await signIn(near.port, kept, a.slug)).access_token,
    ];
    const { login } = await openBrowser(near.port, kept, a.slug);
    const { session } = await openBrowser(near.port, removed, a.slug);
    for (const answer of [await ask(far, gone), await ask(far, good), await askBySession(far, session)])
      assert.equal(answer.status, 200);
    wire.silence(only);
    const from = performance.now();
    await remove(removed);
    const codes = new Set<string>();
    let [last, answers] = [0, 0];
    const [ending] = await watch([far], from, async (member) => {
      const asked = performance.now();
      const three = await Promise.all([ask(member, gone), askBySession(member, session), ask(member, good)]);
      answers += three.length;
      if (three.slice(0, 2).some(({ status }) => status === 200)) last = asked - from;
      for (const answer of three) codes.add(codeOf(answer) ?? 'none');
      assert.notEqual(three[2]?.status, 401, 'a good token is not called bad');
      return three.every(({ status }) => status === 503);
    });
    t.diagnostic(`last 200 ${Math.round(last)} ms, 503 ${Math.round(ending?.ms ?? 0)} ms after, of ${answers} answers`);
    assert.ok(last <= 5_000, `allowed ${last} ms after the right ended`);
    assert.ok(ending !== undefined && ending.ms <= 5_000 + GIVE_UP_MS, `503 only after ${ending?.ms} ms`);
    assert.equal(ending.back, false, 'something else again after the first 503');
    assert.deepEqual(
      [...codes].filter((code) => !['none', 'CREDENTIAL_INVALID', ...UNKNOWN].includes(code)),
      [],
    );
    for (const [key, answer] of Object.entries(await askAll(far, login)))
      assert.ok(
        UNKNOWN.some((code) => answer === `503 ${code}`),
        `${key}: ${answer}`,
      );
    assert.equal((await far.call(a.slug, 'GET /healthz')).status, 200);
    assert.equal((await far.call(a.slug, 'GET /readyz')).status, 503);
    assert.equal((await ask(near, good)).status, 200, 'the others serve on');

    wire.mend();
    const mended = performance.now();
    const [back] = await watch([far], mended, async (member) => {
      assert.notEqual((await ask(member, gone)).status, 200);
      assert.notEqual((await askBySession(member, session)).status, 200);
      return (await ask(member, good)).status === 200;
    });
    t.diagnostic(`back ${Math.round(back?.ms ?? 0)} ms after the network`);
    assert.ok(back !== undefined && Number.isFinite(back.ms) && !back.back, 'serves again and goes on so');
    assert.equal(codeOf(await ask(far, gone)), 'CREDENTIAL_INVALID');
    assert.equal((await askBySession(far, session)).status, 401);
  });
}

test('a process that was stopped for 6 s across a removal gives no old answer when it wakes up', async (t) => {
  const [removed, kept] = [await addPerson(server, a.id, 'admin'), await addPerson(server, a.id, 'member')];
  const [gone, good] = [
    (await signIn(near.port, removed, a.slug)).access_token,
    (await signIn(near.port, kept, a.slug)).access_token,
  ];
  for (const token of [gone, good]) assert.equal((await ask(sleepy, token)).status, 200);
  sleepy.child.kill('SIGSTOP');
  const waiting = [gone, gone, good, gone, gone].map((token) => ask(sleepy, token, 20_000));
  await remove(removed);
  await sleep(6_000);
  sleepy.child.kill('SIGCONT');
  const woken = performance.now();
  const early = await Promise.all(waiting);
  t.diagnostic(`asked while it slept: ${early.map(({ status }) => status).join(' ')}`);
  for (const [n, answer] of early.entries())
    assert.ok(
      [...UNKNOWN, 'CREDENTIAL_INVALID', ...(n === 2 ? [undefined] : [])].includes(codeOf(answer)),
      answer.text,
    );
  const [back] = await watch([sleepy], woken, async (member) => {
    assert.notEqual((await ask(member, gone)).status, 200);
    return (await ask(member, good)).status === 200;
  });
  t.diagnostic(`serves again ${Math.round(back?.ms ?? 0)} ms after it woke up`);
  assert.ok(Number.isFinite(back?.ms) && back?.back === false);
  assert.equal(codeOf(await ask(sleepy, gone)), 'CREDENTIAL_INVALID');
});
