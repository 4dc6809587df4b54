import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RouteKey } from '@businessos/contract';
import pg from 'pg';
import { hashOf, newOpaque } from '../../src/identity/opaque.ts';
import { hashPassword } from '../../src/identity/password.ts';
import { sweepOnboardings } from '../../src/tenants/onboarding.ts';
import { type Answer, callRoute } from '../client.ts';
import { newMarker } from '../harness.ts';
import { Browser } from '../routes/browser.ts';
import { addLink, addMember, fromNewAddress, newEmail, openStage, PASSWORD } from '../routes/stage.ts';

const stage = await openStage();
const { server, home, other } = stage;
const { admin, adminUrl } = server.db;
const { platform } = server;
const host = `id.bos.localhost:${server.port}`;

const send = async <K extends RouteKey>(key: K, body: unknown, from = fromNewAddress()): Promise<Answer<K>> =>
  await callRoute(server.port, key, { host, body, headers: [from] });
const wishOf = (slug: string) => ({ name: 'New', slug, region: 'eu', plan: 'free' }) as const;
const signIn = async (email: string, password: string, tenant: string) =>
  (await send('POST /v1/tokens', { grant: 'password', email, password, tenant })).status;

test('V98 of twenty who use one sign-up link at once, one gets in, and nobody after him', async () => {
  const [email, slug] = [newEmail(), `t-${newMarker()}`];
  const token = await addLink(stage, 'signup', email, wishOf(slug));
  const answers = await Promise.all(
    Array.from({ length: 20 }, async (_, n) =>
      send('POST /v1/signups/confirm', { token, password: `${PASSWORD} ${n}`, person_name: 'Same' }),
    ),
  );
  const won = answers.flatMap(({ status }, n) => (status === 201 ? [n] : []));
  assert.equal(won.length, 1);
  assert.equal(await signIn(email, `${PASSWORD} ${won[0]}`, slug), 200);
  assert.equal((await send('POST /v1/signups/confirm', { token, password: PASSWORD })).problem.code, 'LINK_USED');
});

test('V98 of ten browsers that send the form of one sign-up link at once, one is signed in', async () => {
  const token = await addLink(stage, 'signup', newEmail(), wishOf(`t-${newMarker()}`));
  const browsers = Array.from({ length: 10 }, () => new Browser(server.port));
  for (const browser of browsers) await browser.get('id', `/signup/${token}`);
  await Promise.all(
    browsers.map(async (browser, n) =>
      browser.post('id', `/signup/${token}`, { name: 'Same', password: `${PASSWORD} ${n}` }, [fromNewAddress()]),
    ),
  );
  assert.equal(browsers.filter((browser) => browser.cookies('id').has('__Host-bos-id')).length, 1);
});

test('a sign-up that a crash cut before its link was used, and the sweeper finished, still takes the link once', async () => {
  const [email, slug] = [newEmail(), `t-${newMarker()}`];
  const token = await addLink(stage, 'signup', email, wishOf(slug));
  const config = { providers: [], locale: 'en', time_zone: 'UTC', factor_required: false };
  const { rows } = await admin.query('select body from identity.mail_tokens where hash = $1', [hashOf(token)]);
  const request = { ...rows[0]?.body, config, owner: { email, name: 'Somebody' } };
  const crash = async () => {
    throw new Error('cut');
  };
  const key = `signup:${hashOf(token).toString('hex')}`;
  await assert.rejects(platform.people.onboard(key, request, crash), /cut/);
  assert.equal((await sweepOnboardings(platform.tenants, platform.steps, 0)).length, 1);
  assert.equal(await signIn(email, PASSWORD, slug), 401, 'nobody chose a password yet');
  const body = { token, password: PASSWORD, person_name: 'Somebody' };
  assert.equal((await send('POST /v1/signups/confirm', body)).status, 201);
  assert.equal(await signIn(email, PASSWORD, slug), 200);
  assert.equal((await send('POST /v1/signups/confirm', body)).problem.code, 'LINK_USED');
});

test('a link that is refused for its slug costs whoever shows it again and again his own tries', async () => {
  const slug = `t-${newMarker()}`;
  const [first, second] = [
    await addLink(stage, 'signup', newEmail(), wishOf(slug)),
    await addLink(stage, 'signup', newEmail(), wishOf(slug)),
  ];
  assert.equal((await send('POST /v1/signups/confirm', { token: first, password: PASSWORD })).status, 201);
  const from = fromNewAddress();
  const codes: string[] = [];
  for (let n = 0; n < 40; n++)
    codes.push((await send('POST /v1/signups/confirm', { token: second, password: PASSWORD }, from)).problem.code);
  assert.equal(codes[0], 'SLUG_TAKEN');
  assert.equal(codes.at(-1), 'RATE_LIMITED');
  const elsewhere = await send('POST /v1/signups/confirm', { token: second, password: PASSWORD });
  assert.equal(elsewhere.problem.code, 'SLUG_TAKEN', 'another address has tries of its own');
});

test('a change of password that was checked against the one before a reset does not undo the reset', async () => {
  const member = await addMember(stage, home, 'member');
  const holder = new pg.Client(adminUrl);
  await holder.connect();
  await holder.query('begin');
  await holder.query('select 1 from identity.persons where id = $1 for update', [member.personId]);
  const change = callRoute(server.port, 'POST /v1/me/password', {
    host,
    body: { current: PASSWORD, password: `${PASSWORD} stolen` },
    headers: [fromNewAddress(), ['Cookie', member.login], ['Origin', `http://${host}`]],
  });
  const waits =
    "select 1 from pg_stat_activity where datname = current_database() and usename = 'bos_identity' and wait_event_type = 'Lock'";
  while ((await admin.query(waits)).rowCount === 0) await sleep(5);
  const reset = await hashPassword(`${PASSWORD} reset`);
  await holder.query('update identity.persons set password = $2 where id = $1', [member.personId, reset]);
  await holder.query('commit');
  await holder.end();
  assert.equal((await change).problem.code, 'CREDENTIAL_INVALID');
  assert.equal(await signIn(member.email, `${PASSWORD} reset`, home.slug), 200);
});

test('a second factor that was only begun is gone with the password: its secret may be known to whoever began it', async () => {
  const member = await addMember(stage, home, 'member');
  const begin = async () =>
    (
      await callRoute(server.port, 'POST /v1/me/factor', {
        host,
        headers: [fromNewAddress(), ['Cookie', member.login], ['Origin', `http://${host}`]],
      })
    ).ok.secret;
  const [one, another] = await Promise.all([begin(), begin()]);
  assert.equal(one, another, 'two tabs show one secret');
  const from = [fromNewAddress(), ['Cookie', member.login] as const, ['Origin', `http://${host}`] as const];
  const body = { current: PASSWORD, password: `${PASSWORD} new` };
  assert.equal((await callRoute(server.port, 'POST /v1/me/password', { host, body, headers: from })).status, 204);
  assert.notEqual(await begin(), one);
});

test('a tenant that demands a second factor gives no tokens for a sign-in whose person has removed it since', async () => {
  const member = await addMember(stage, home, 'member');
  const config = async (demanded: boolean) => {
    await admin.query(
      "update control.tenants set config = jsonb_set(config, '{factor_required}', to_jsonb($2::bool)) where tenant_id = $1",
      [home.id, demanded],
    );
    await admin.query("select identity.revoke('n:' || $1)", [home.slug]);
    await platform.people.feed.poll();
  };
  const factor = async (step: number | null) =>
    await admin.query('update identity.persons set totp_step = $2 where id = $1', [member.personId, step]);
  await admin.query('update identity.logins set factor_at = now() where id = $1', [member.loginId]);
  const refresh = newOpaque();
  await admin.query(
    "insert into identity.refresh_tokens (hash, login_id, tenant_id, expires_at) values ($1, $2, $3, now() + interval '1 day')",
    [hashOf(refresh), member.loginId, home.id],
  );
  await config(true);
  await factor(1);
  const first = await send('POST /v1/tokens', { grant: 'refresh', refresh_token: refresh });
  assert.equal(first.status, 200, 'the control');
  await factor(null);
  const next = { grant: 'refresh', refresh_token: first.ok.refresh_token };
  assert.equal((await send('POST /v1/tokens', next)).problem.code, 'FACTOR_NEEDED');
  await config(false);
  assert.equal((await send('POST /v1/tokens', next)).status, 200);
});

test('what is over goes: a sign-in with however many tokens came of it, and sessions of every tenant that is served', async () => {
  const { loginId } = await addMember(stage, home, 'member');
  await admin.query("update identity.logins set expires_at = now() - interval '1 second' where id = $1", [loginId]);
  await admin.query(
    `insert into identity.refresh_tokens (hash, login_id, tenant_id, expires_at)
     select sha256(n::text::bytea), $1, $2, now() + interval '1 day' from generate_series(1, 2500) n`,
    [loginId, home.id],
  );
  const live = await addMember(stage, home, 'member');
  for (const tenant of [home, other]) {
    const { personId } = await addMember(stage, tenant, 'member');
    await admin.query("update identity.sessions set expires_at = now() - interval '1 second' where person_id = $1", [
      personId,
    ]);
  }
  await admin.query("update tenancy.homes set mode = 'read_only' where tenant_id = $1", [other.id]);
  await platform.people.sweep();
  for (const text of ['identity.logins where id = $1', 'identity.refresh_tokens where login_id = $1'])
    assert.equal((await admin.query(`select 1 from ${text}`, [loginId])).rowCount, 0, text);
  assert.equal((await admin.query('select 1 from identity.sessions where expires_at < now()')).rowCount, 0);
  assert.equal((await home.call('GET /v1/me', { token: null, headers: [['Cookie', live.session]] })).status, 200);
  assert.deepEqual(
    server.lines.filter((line) => line.includes('not swept')),
    [],
  );
});
