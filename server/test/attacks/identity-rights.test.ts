import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Route, type RouteKey, routes } from '@businessos/contract';
import pg from 'pg';
import { wrap } from '../../src/identity/installation-key.ts';
import { FACTOR_PURPOSE } from '../../src/identity/sign-in.ts';
import { type Answer, type CallInput, callRoute } from '../client.ts';
import { Browser } from '../routes/browser.ts';
import { samples } from '../routes/samples.ts';
import {
  addInvitation,
  addKey,
  addMember,
  fromNewAddress,
  type Member,
  newEmail,
  openStage,
  PASSWORD,
} from '../routes/stage.ts';

const stage = await openStage();
const { server, home, other } = stage;
const { admin, adminUrl } = server.db;
const id = `id.bos.localhost:${server.port}`;

const rolesOf = async (tenantId: string) =>
  (await admin.query<{ role: string }>('select role from identity.memberships where tenant_id = $1', [tenantId])).rows;

/** Changes a membership as somebody else's transaction that is not yet committed; `commit` ends it. */
async function changing(text: string, personId: string): Promise<{ commit(): Promise<void> }> {
  const client = new pg.Client(adminUrl);
  await client.connect();
  await client.query('begin');
  await client.query(text, [personId]);
  return {
    commit: async () => {
      const waits = "select 1 from pg_stat_activity where usename = 'bos_identity' and wait_event_type = 'Lock'";
      while ((await admin.query(waits)).rowCount === 0) await sleep(5);
      await client.query('commit');
      await client.end();
    },
  };
}

test('owners who take each other’s place at once, in whatever way, leave an owner', async () => {
  const acts: ((by: Member, to: Member) => Promise<Answer>)[] = [
    (by, to) =>
      home.call('PATCH /v1/members/{id}', { token: by.token, params: { id: to.personId }, body: { role: 'viewer' } }),
    (by, to) => home.call('DELETE /v1/members/{id}', { token: by.token, params: { id: to.personId } }),
    (by, to) => home.call('POST /v1/ownership', { token: by.token, body: { person: to.personId } }),
    (by) => home.call('DELETE /v1/me/membership', { token: by.token }),
  ];
  await admin.query("update identity.memberships set role = 'admin' where tenant_id = $1", [home.id]);
  for (const first of acts) {
    for (const second of acts) {
      const [one, two] = [await addMember(stage, home, 'owner'), await addMember(stage, home, 'owner')];
      const answers = await Promise.all([first(one, two), second(two, one)]);
      for (const answer of answers)
        assert.ok(
          answer.status < 300 ||
            ['LAST_OWNER', 'PERMISSION_MISSING', 'CREDENTIAL_INVALID', 'NOT_FOUND', 'VALUE_REFUSED'].includes(
              answer.problem.code,
            ),
          answer.text,
        );
      assert.ok(answers.some(({ status }) => status < 300));
      assert.ok((await rolesOf(home.id)).some(({ role }) => role === 'owner'));
      await admin.query('delete from identity.memberships where tenant_id = $1 and person_id in ($2, $3)', [
        home.id,
        one.personId,
        two.personId,
      ]);
    }
  }
  await admin.query("update identity.memberships set role = 'owner' where tenant_id = $1 and person_id = $2", [
    home.id,
    home.ownerId,
  ]);
});

for (const [what, change] of [
  ['lowered', "update identity.memberships set role = 'viewer' where person_id = $1"],
  ['removed', 'delete from identity.memberships where person_id = $1'],
] as const) {
  test(`whoever is ${what} while he gives a right gives none, though nobody told this process yet`, async () => {
    const helper = await addMember(stage, home, 'viewer');
    const gifts: ((token: string) => Promise<Answer>)[] = [
      (token) =>
        home.call('PATCH /v1/members/{id}', { token, params: { id: helper.personId }, body: { role: 'admin' } }),
      (token) => home.call('POST /v1/invitations', { token, body: { email: newEmail(), role: 'admin' } }),
      (token) => home.call('POST /v1/api-keys', { token, body: { name: 'Later', permissions: ['crm.read'] } }),
      (token) => home.call('DELETE /v1/members/{id}', { token, params: { id: helper.personId } }),
    ];
    for (const give of gifts) {
      const giver = await addMember(stage, home, 'admin');
      const { commit } = await changing(change, giver.personId);
      const [answer] = await Promise.all([give(giver.token), commit()]);
      assert.equal(answer.problem.code, 'PERMISSION_MISSING');
    }
    const { rows } = await admin.query('select role from identity.memberships where person_id = $1', [helper.personId]);
    assert.deepEqual(rows, [{ role: 'viewer' }]);
  });
}

test('V98 an invitation lasts as long as its sender may give its role: nobody lets himself in again by one', async () => {
  const accept = async (token: string) =>
    await callRoute(server.port, 'POST /v1/invitations/accept', {
      host: id,
      body: { token, password: PASSWORD },
      headers: [fromNewAddress()],
    });
  const sent = async (by: string, role: 'admin' | 'member' = 'admin') => {
    const email = newEmail();
    const invitation = await addInvitation(stage, home, email, role);
    await admin.query('update identity.invitations set invited_by = $2 where id = $1', [invitation.id, by]);
    return invitation;
  };
  const sender = await addMember(stage, home, 'admin');
  const stays = await sent(`u:${sender.personId}`, 'member');
  assert.equal((await accept(stays.token)).status, 201, 'the control');
  for (const change of [
    "update identity.memberships set role = 'member' where person_id = $1",
    'delete from identity.memberships where person_id = $1',
  ]) {
    const left = await sent(`u:${sender.personId}`);
    const key = await addKey(stage, home, ['crm.read', 'members.manage'], { createdBy: sender.personId });
    const byKey = await sent(`k:${key.id}`, 'member');
    await admin.query(change, [sender.personId]);
    for (const { token } of [left, byKey]) {
      assert.equal((await accept(token)).problem.code, 'LINK_USED', change);
      const page = await new Browser(server.port).get('id', `/invitation/${token}`);
      assert.equal(page.status, 410);
    }
    await admin.query("update identity.memberships set role = 'admin' where person_id = $1", [sender.personId]);
  }
  assert.equal((await accept((await sent('o:nobody')).token)).problem.code, 'LINK_USED');
});

test('a pending sign-in is no sign-in: it opens no route and no page, and gives no tokens', async () => {
  const member = await addMember(stage, home, 'owner');
  const secret = wrap(server.platform.people.rootKey, FACTOR_PURPOSE, member.personId, Buffer.alloc(20, 1));
  await admin.query('update identity.persons set totp_secret = $2, totp_step = 1, totp_at = now() where id = $1', [
    member.personId,
    secret,
  ]);
  const browser = new Browser(server.port);
  const { status, headers } = await browser.post('id', '/signin', { email: member.email, password: PASSWORD }, [
    fromNewAddress(),
  ]);
  assert.deepEqual([status, headers['location']], [303, '/factor']);
  const cookie = `__Host-bos-id=${browser.cookies('id').get('__Host-bos-id')}`;
  assert.ok(!browser.cookies('id').has('__Host-bos-device'), 'a password alone makes no known browser');
  let asked = 0;
  for (const [key, { host, permission }] of Object.entries<Route>(routes)) {
    if (host !== 'id' || permission !== 'login') continue;
    asked++;
    const input: CallInput = await samples[key as RouteKey](stage, member);
    const own = [['Cookie', cookie] as const, ['Origin', `http://${id}`] as const];
    const answer = await callRoute(server.port, key as RouteKey, { ...input, host: id, headers: own });
    assert.equal(answer.problem.code, 'CREDENTIAL_INVALID', key);
  }
  assert.ok(asked >= 8);
  for (const page of ['/me', '/choose', '/me/factor', '/me/factor/remove'])
    assert.match(String((await browser.get('id', page)).headers['location']), /^\/signin/, page);
  const way = await browser.begin(home.slug);
  assert.equal((await browser.get('id', way)).status, 200, 'the form, and no code');
  const refused = await home.call('GET /v1/me', { token: null, headers: [['Cookie', cookie.replace('-id', '')]] });
  assert.equal(refused.problem.code, 'CREDENTIAL_INVALID');
});

test('V69 a session beside the `x-tenant` of another tenant is refused, and stands in the log of its own', async () => {
  const member = await addMember(stage, home, 'member');
  const ask = async (slug: string) =>
    await home.call('GET /v1/me', {
      token: null,
      headers: [
        ['Cookie', member.session],
        ['X-Tenant', slug],
      ],
    });
  assert.equal((await ask(home.slug)).status, 200, 'the control');
  for (const slug of [other.slug, 'nobody-has-this']) assert.equal((await ask(slug)).problem.code, 'NOT_FOUND');
  const { rows } = await admin.query<{ principal: string; body: string }>(
    "select principal, body from audit.entries where tenant_id = $1 and relation = 'access.refused' order by id",
    [home.id],
  );
  assert.deepEqual(
    rows.map(({ principal, body }) => [principal, (JSON.parse(body) as { asked: string }).asked]),
    [other.slug, 'nobody-has-this'].map((slug) => [`u:${member.personId}`, `${home.slug} ${slug}`]),
  );
});
