import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteKey } from '@businessos/contract';
import { newTenantOpaque } from '../../src/identity/opaque.ts';
import { type Answer, callRoute, sendRaw } from '../client.ts';
import { newMarker } from '../harness.ts';
import { addInvitation, addLink, addMember, fromNewAddress, newEmail, openStage, PASSWORD } from './stage.ts';

const stage = await openStage();
const { server, home, other } = stage;
const { admin } = server.db;
const host = `id.bos.localhost:${server.port}`;

const send = async <K extends RouteKey>(key: K, body: unknown): Promise<Answer<K>> =>
  await callRoute(server.port, key, { host, body, headers: [fromNewAddress()] });
const atOnce = async <K extends RouteKey>(count: number, key: K, body: (n: number) => unknown) =>
  await Promise.all(Array.from({ length: count }, async (_, n) => await send(key, body(n))));
const counted = async (text: string, ...values: unknown[]) => (await admin.query(text, values)).rowCount;
const good = (answers: Answer[]) => answers.filter(({ status }) => status < 300);

/** Whoever came too late was told so; some were turned away at the door, since only so many hashes wait. */
function late(answers: Answer[], ...codes: string[]): void {
  for (const { problem } of answers.filter(({ status }) => status >= 300))
    assert.ok(['LINK_USED', 'BUSY', ...codes].includes(problem.code), problem.code);
}

test('V98 of fifty who accept one invitation at once, one joins: a new person, whatever password each chooses', async () => {
  for (const own of [true, false]) {
    const email = newEmail();
    const { token } = await addInvitation(stage, home, email, 'viewer');
    const answers = await atOnce(50, 'POST /v1/invitations/accept', (n) => ({
      token,
      password: own ? PASSWORD : `${PASSWORD} ${n}`,
    }));
    assert.deepEqual(
      good(answers).map(({ status }) => status),
      [201],
    );
    late(answers, 'CREDENTIAL_INVALID');
    assert.equal(await counted('select 1 from identity.persons where email = $1', email), 1);
    assert.equal(await counted("select 1 from identity.memberships where email = $1 and role = 'viewer'", email), 1);
    assert.equal((await send('POST /v1/invitations/accept', { token, password: PASSWORD })).problem.code, 'LINK_USED');
    const winner = answers.findIndex(({ status }) => status === 201);
    const password = own ? PASSWORD : `${PASSWORD} ${winner}`;
    const signIn = await send('POST /v1/tokens', { grant: 'password', email, password, tenant: home.slug });
    assert.equal(signIn.status, 200, 'the password is that of the one who joined');
  }
});

test('V98 of fifty who accept one invitation at once, one joins: a person of another tenant, who keeps his role there', async () => {
  const { email, personId } = await addMember(stage, other, 'owner');
  const { token } = await addInvitation(stage, home, email, 'viewer');
  const answers = await atOnce(50, 'POST /v1/invitations/accept', () => ({ token, password: PASSWORD }));
  assert.deepEqual(
    good(answers).map(({ status }) => status),
    [201],
  );
  late(answers);
  const { rows } = await admin.query('select tenant_id, role from identity.memberships where person_id = $1', [
    personId,
  ]);
  const expected = [
    { tenant_id: home.id, role: 'viewer' },
    { tenant_id: other.id, role: 'owner' },
  ];
  const byTenant = (list: { tenant_id: string }[]) => list.toSorted((a, b) => a.tenant_id.localeCompare(b.tenant_id));
  assert.deepEqual(byTenant(rows as typeof expected), byTenant(expected));
});

test('V98 two invitations of one person, used at once, make one membership', async () => {
  const email = newEmail();
  const tokens = [
    (await addInvitation(stage, home, email, 'viewer')).token,
    (await addInvitation(stage, home, email)).token,
  ];
  const answers = await atOnce(20, 'POST /v1/invitations/accept', (n) => ({
    token: tokens[n % 2],
    password: PASSWORD,
  }));
  assert.equal(good(answers).filter(({ status }) => status === 201).length, 1);
  assert.equal(await counted('select 1 from identity.memberships where email = $1', email), 1);
});

test('V98 an invitation that was used, withdrawn, is over, or names another tenant is dead, and a look does not use it', async () => {
  const accept = async (token: string, more = {}) =>
    await send('POST /v1/invitations/accept', { token, password: PASSWORD, ...more });
  const fresh = async () => await addInvitation(stage, home, newEmail());
  const withdrawn = await fresh();
  assert.equal((await home.call('DELETE /v1/invitations/{id}', { params: { id: withdrawn.id } })).status, 204);
  const over = await fresh();
  await admin.query("update identity.invitations set expires_at = now() - interval '1 second' where id = $1", [
    over.id,
  ]);
  const moved = await fresh();
  const elsewhere = newTenantOpaque(other.id).slice(0, 33) + moved.token.slice(33);
  const odd = [
    moved.token.slice(33),
    `${moved.token} `,
    moved.token.toUpperCase(),
    `${moved.token}A`,
    newTenantOpaque(home.id),
  ];
  for (const token of [withdrawn.token, over.token, elsewhere, ...odd])
    assert.equal((await accept(token)).problem.code, 'LINK_USED');
  const invited = await fresh();
  for (let look = 0; look < 3; look++) {
    const target = `/invitation/${invited.token}`;
    for (const method of ['GET', 'HEAD'])
      assert.equal((await sendRaw(server.port, { method, target, headers: [['Host', host]] })).status, 200);
  }
  for (const more of [{ role: 'owner' }, { email: newEmail() }, { tenant: other.slug }])
    assert.equal((await accept(invited.token, more)).problem.code, 'REQUEST_INVALID');
  assert.equal((await accept(invited.token)).status, 201);
  assert.equal((await accept(invited.token)).problem.code, 'LINK_USED');
});

test('V98 an invitation is its person’s: whoever finds the link needs the password of that address', async () => {
  const { email, personId } = await addMember(stage, other, 'member');
  const { token } = await addInvitation(stage, home, email, 'admin');
  const wrong = await send('POST /v1/invitations/accept', { token, password: `${PASSWORD} of the finder` });
  assert.equal(wrong.problem.code, 'CREDENTIAL_INVALID');
  assert.equal(await counted('select 1 from identity.memberships where person_id = $1', personId), 1);
  assert.equal((await send('POST /v1/invitations/accept', { token, password: PASSWORD })).status, 201);
});

test('V98 of twenty who use one sign-up link at once, one business and one owner come of it', async () => {
  const [email, slug] = [newEmail(), `t-${newMarker()}`];
  const token = await addLink(stage, 'signup', email, { name: 'New', slug, region: 'eu', plan: 'free' });
  const answers = await atOnce(20, 'POST /v1/signups/confirm', () => ({ token, password: PASSWORD }));
  assert.ok(good(answers).length >= 1);
  assert.equal(
    new Set(good(answers).map(({ text }) => (JSON.parse(text) as { tenant: { id: string } }).tenant.id)).size,
    1,
  );
  late(answers, 'SLUG_TAKEN', 'CREDENTIAL_INVALID', 'KEY_REUSED');
  assert.equal(await counted('select 1 from control.tenants where slug = $1', slug), 1);
  assert.equal(await counted('select 1 from identity.persons where email = $1', email), 1);
  assert.equal(await counted("select 1 from identity.memberships where email = $1 and role = 'owner'", email), 1);
});

test('V98 of twenty links for one slug, used at once by as many people, one gets the business', async () => {
  const slug = `t-${newMarker()}`;
  const emails = Array.from({ length: 20 }, newEmail);
  const wish = { name: 'New', slug, region: 'eu', plan: 'free' };
  const tokens = await Promise.all(emails.map((email) => addLink(stage, 'signup', email, wish)));
  const answers = await atOnce(20, 'POST /v1/signups/confirm', (n) => ({ token: tokens[n], password: PASSWORD }));
  assert.equal(good(answers).length, 1);
  late(answers, 'SLUG_TAKEN');
  const winner = emails[answers.findIndex(({ status }) => status === 201)];
  const { rows } = await admin.query<{ email: string }>(
    'select m.email from identity.memberships m join control.tenants t using (tenant_id) where t.slug = $1',
    [slug],
  );
  assert.deepEqual(
    rows.map((row) => row.email),
    [winner],
  );
});

test('V98 of twenty who use one reset link at once, one sets the password, and every sign-in has ended', async () => {
  const member = await addMember(stage, home, 'member');
  const token = await addLink(stage, 'reset', member.email);
  const answers = await atOnce(20, 'POST /v1/resets/confirm', (n) => ({ token, password: `${PASSWORD} ${n}` }));
  assert.deepEqual(
    good(answers).map(({ status }) => status),
    [204],
  );
  late(answers);
  const winner = answers.findIndex(({ status }) => status === 204);
  for (let n = 0; n < 20; n += 1) {
    const body = { grant: 'password', email: member.email, password: `${PASSWORD} ${n}`, tenant: home.slug };
    assert.equal((await send('POST /v1/tokens', body)).status, n === winner ? 200 : 401);
  }
  assert.equal((await home.call('GET /v1/me', { token: member.token })).problem.code, 'CREDENTIAL_INVALID');
});

test('V98 of twenty who use one link to a new address at once, one changes it', async () => {
  const { personId } = await addMember(stage, home, 'member');
  const email = newEmail();
  const token = await addLink(stage, 'email', email, { person: personId });
  const answers = await atOnce(20, 'POST /v1/me/email/confirm', () => ({ token }));
  assert.deepEqual(
    good(answers).map(({ status }) => status),
    [204],
  );
  late(answers);
  assert.equal(await counted('select 1 from identity.persons where id = $1 and email = $2', personId, email), 1);
});

test('a link of one kind is none of another', async () => {
  const { email } = await addMember(stage, home, 'member');
  const { personId } = await addMember(stage, home, 'member');
  const wish = { name: 'New', slug: `t-${newMarker()}`, region: 'eu', plan: 'free' };
  const links = {
    signup: await addLink(stage, 'signup', email, wish),
    reset: await addLink(stage, 'reset', email),
    email: await addLink(stage, 'email', newEmail(), { person: personId }),
    invitation: (await addInvitation(stage, home, newEmail())).token,
  };
  const uses = {
    signup: (token: string) => send('POST /v1/signups/confirm', { token, password: PASSWORD }),
    reset: (token: string) => send('POST /v1/resets/confirm', { token, password: PASSWORD }),
    email: (token: string) => send('POST /v1/me/email/confirm', { token }),
    invitation: (token: string) => send('POST /v1/invitations/accept', { token, password: PASSWORD }),
  };
  for (const [kind, use] of Object.entries(uses)) {
    for (const [of, token] of Object.entries(links))
      if (of !== kind) assert.equal((await use(token)).problem.code, 'LINK_USED', `${of} as ${kind}`);
  }
  for (const [kind, use] of Object.entries(uses))
    assert.ok((await use(links[kind as keyof typeof links])).status < 300, `${kind} is still good`);
});
