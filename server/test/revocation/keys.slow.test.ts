import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { onboardTenant, startTestServer } from '../harness.ts';
import { type Member, startFleet } from './fleet.ts';
import { addPerson, signIn } from './person.ts';

const server = await startTestServer();
const a = await onboardTenant(server);
const fleet = await startFleet(server, [undefined, undefined, undefined]);
const { admin } = server.db;
const { keys } = server.platform.people;

const kidOf = (token: string) =>
  (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;
const kidsOf = async (member: Member) =>
  (await member.call('id', 'GET /.well-known/jwks.json')).ok.keys.map(({ kid }) => kid).sort();
const signedIn = async (member: Member) => await signIn(member.port, await addPerson(server, a.id, 'member'), a.slug);
const refresh = async (member: Member, refresh_token: string) =>
  (await member.call('id', 'POST /v1/tokens', { body: { grant: 'refresh', refresh_token } })).ok;

test('keys rotate without one failed request: tokens of before, and new ones everywhere at once', async (t) => {
  const before = await Promise.all(fleet.map(signedIn));
  const tokens = before.map(({ access_token }) => access_token);
  let [running, asked] = [true, 0];
  const kids = new Set<string>();
  const faults: string[] = [];
  const ask = async (member: Member, token: string) => {
    const { status, text } = await member.call(a.slug, 'GET /v1/me', { token });
    asked++;
    kids.add(kidOf(token));
    if (status !== 200) faults.push(`${kidOf(token)} at ${member.port}: ${text}`);
  };
  const users = fleet.map(async (member) => {
    while (running) {
      for (const token of [...tokens]) await ask(member, token);
      await sleep(20);
    }
  });
  const renewers = fleet.map(async (member, n) => {
    let next = before[n]?.refresh_token ?? '';
    while (running) {
      const { access_token, refresh_token } = await refresh(member, next);
      next = refresh_token;
      await Promise.all(fleet.map((other) => ask(other, access_token)));
      tokens[3 + n] = access_token; // beside those of before
      await sleep(100);
    }
  });
  await sleep(3_000);
  const old = await kidsOf(fleet[0] as Member);
  await keys.rotate();
  await sleep(5_000);
  const both = await kidsOf(fleet[0] as Member);
  assert.equal(both.length, 2);
  for (const member of fleet) assert.deepEqual(await kidsOf(member), both, 'every process publishes both keys');
  assert.deepEqual([...kids], old, 'the new one does not sign yet');
  // a quarter of an hour passes
  await admin.query(
    "update identity.signing_keys set sign_from = now() + interval '3 seconds' where sign_from > now()",
  );
  await admin.query("select identity.revoke('keys')");
  await sleep(12_000);
  running = false;
  await Promise.all([...users, ...renewers]);
  t.diagnostic(`${asked} requests, ${faults.length} failed`);
  assert.deepEqual(faults, []);
  assert.deepEqual([...kids].sort(), both, 'both keys signed what was used');
});
