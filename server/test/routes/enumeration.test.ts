import './hash-count.ts';

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteKey } from '@businessos/contract';
import { wrap } from '../../src/identity/installation-key.ts';
import { FACTOR_PURPOSE } from '../../src/identity/sign-in.ts';
import { callRoute, type RawAnswer } from '../client.ts';
import { newMarker, startOn } from '../harness.ts';
import { bare } from './bare.ts';
import { Browser } from './browser.ts';
import { hashesDuring } from './hash-count.ts';
import { addMember, fromNewAddress, newEmail, openStage } from './stage.ts';
import { openTap } from './wire-tap.ts';

const stage = await openStage();
const { home, other } = stage;
const { admin } = stage.server.db;
const { host, port } = stage.server.db.connection('bos_app');
const tap = await openTap({ host, port });
const server = await startOn(stage.server.db, { databasePort: tap.port, config: { trustProxy: ['127.0.0.1'] } });
// mails are sent behind the answer, and it is there that an address is known or not; the other server sends them
await server.platform.people.outbox.stop();

/** Persons by what is known of them, each time a new one; their addresses are of one length. */
const persons: Record<string, () => Promise<string>> = {
  nobody: async () => newEmail(),
  'a member': async () => (await addMember(stage, home, 'owner')).email,
  'a member of another tenant': async () => (await addMember(stage, other, 'member')).email,
  'one with a second factor': async () => {
    const { personId, email } = await addMember(stage, home, 'member');
    const secret = wrap(stage.server.platform.people.rootKey, FACTOR_PURPOSE, personId, Buffer.alloc(20, 1));
    await admin.query('update identity.persons set totp_secret = $2, totp_step = 1, totp_at = now() where id = $1', [
      personId,
      secret,
    ]);
    return email;
  },
  'one who has no password yet': async () => {
    const { personId, email } = await addMember(stage, home, 'member');
    await admin.query('update identity.persons set password = null where id = $1', [personId]);
    return email;
  },
  'one who has left every tenant': async () => {
    const { personId, email } = await addMember(stage, home, 'member');
    await admin.query('delete from identity.memberships where person_id = $1', [personId]);
    await admin.query('delete from identity.person_tenants where person_id = $1', [personId]);
    return email;
  },
};

const browser = new Browser(server.port);
await browser.csrf('id');
const owner = await addMember(stage, home, 'owner');
const slug = `t-${newMarker()}`;
const signup = { name: 'New', slug, region: 'eu', plan: 'free' };
const wrong = 'not the password of anybody';

const json = async (key: RouteKey, body: unknown, more: readonly (readonly [string, string])[] = []) =>
  await callRoute(server.port, key, {
    host: browser.host('id'),
    body,
    headers: [fromNewAddress(), ...more],
  });
const asLogin = [['Cookie', owner.login] as const, ['Origin', `http://${browser.host('id')}`] as const];

/** Everything that takes an address of somebody. */
const asks: Record<string, (email: string) => Promise<RawAnswer>> = {
  'a sign-up': (email) => json('POST /v1/signups', { email, ...signup }),
  'a reset': (email) => json('POST /v1/resets', { email }),
  'a sign-in': (email) => json('POST /v1/me/logins', { email, password: wrong }),
  'a sign-in with a code': (email) => json('POST /v1/me/logins', { email, password: wrong, otp: '123456' }),
  'a token of a tenant': (email) =>
    json('POST /v1/tokens', { grant: 'password', email, password: wrong, tenant: home.slug }),
  'a token of another tenant': (email) =>
    json('POST /v1/tokens', { grant: 'password', email, password: wrong, tenant: other.slug }),
  'a token of a tenant that is missing': (email) =>
    json('POST /v1/tokens', { grant: 'password', email, password: wrong, tenant: 'nobody-here' }),
  'a change of e-mail': (email) => json('POST /v1/me/email', { email }, asLogin),
  'the form of a sign-up': (email) => browser.post('id', '/signup', { email, ...signup }, [fromNewAddress()]),
  'the form of a reset': (email) => browser.post('id', '/reset', { email }, [fromNewAddress()]),
  'the form of a sign-in': (email) => browser.post('id', '/signin', { email, password: wrong }, [fromNewAddress()]),
  'the form of a sign-in at a tenant': (email) =>
    browser.post('id', `/signin?to=${home.slug}`, { email, password: wrong }, [fromNewAddress()]),
};

/** Everything that can be seen or measured of an answer. */
async function traces(ask: (email: string) => Promise<RawAnswer>, email: string) {
  const heard = await tap.during(() => hashesDuring(() => ask(email)));
  const { value: answer, hashes } = heard.value;
  const statements = heard.statements.filter((text) => !/^(?:reset all$|select 1 where set_config\()/.test(text));
  return { ...bare(answer, [email.replace(/@.*/, '')]), hashes, statements };
}

for (const [what, ask] of Object.entries(asks)) {
  test(`V90 ${what} is answered in the same bytes, by the same statements and hashes, whoever has the address`, async () => {
    await ask(newEmail()); // what is prepared or cached once is so from now on
    const nobody = await traces(ask, newEmail());
    assert.ok(nobody.statements.length > 0, 'the wire is heard');
    assert.ok(/sign-in|token/.test(what) === (nobody.hashes === 1), `${nobody.hashes} hashes`);
    for (const [who, make] of Object.entries(persons)) assert.deepEqual(await traces(ask, await make()), nobody, who);
  });
}

test('V90 an invitation says the same of somebody who is known elsewhere as of nobody', async () => {
  const { token } = await addMember(stage, home, 'owner');
  const ask = async (email: string) =>
    await callRoute(server.port, 'POST /v1/invitations', {
      host: `${home.slug}.${browser.host('x').slice(2)}`,
      token,
      body: { email, role: 'member' },
    });
  const id = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
  const masked = async (email: string) => {
    const { text, ...rest } = await traces(ask, email);
    return { ...rest, text: text.replace(id, 'ID') };
  };
  await ask(newEmail());
  const nobody = await masked(newEmail());
  assert.equal(nobody.status, 201);
  for (const who of ['nobody', 'a member of another tenant', 'one who has left every tenant'])
    assert.deepEqual(await masked((await persons[who]?.()) ?? ''), nobody, who);
});

test('V90 whoever guesses is stopped at the same try, whoever has the address', async () => {
  const tries = async (email: string) => {
    const from = fromNewAddress();
    const answers: number[] = [];
    for (let n = 0; n < 12; n++) {
      const body = { email, password: wrong };
      const { status } = await callRoute(server.port, 'POST /v1/me/logins', {
        host: browser.host('id'),
        body,
        headers: [from],
      });
      answers.push(status);
    }
    return answers;
  };
  const nobody = await tries(newEmail());
  assert.equal(nobody[0], 401);
  assert.ok(nobody.includes(429));
  for (const [who, make] of Object.entries(persons)) assert.deepEqual(await tries(await make()), nobody, who);
});

test('V90 beyond five mails an address gets no more, and the answer does not tell', async () => {
  for (const make of Object.values(persons)) {
    const email = await make();
    const answers = [];
    for (let n = 0; n < 7; n++) answers.push(bare(await json('POST /v1/resets', { email })));
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    assert.equal(answers[0]?.status, 202);
  }
});
