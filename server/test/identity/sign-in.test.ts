import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, test } from 'node:test';
import type { RouteKey } from '@businessos/contract';
import { Secret, TOTP } from 'otpauth';
import { newRecoveryCodes, recoveryHash } from '../../src/identity/factor.ts';
import { wrap } from '../../src/identity/installation-key.ts';
import { hashPassword } from '../../src/identity/password.ts';
import { setRecoveryCodes } from '../../src/identity/person-store.ts';
import { FACTOR_PURPOSE } from '../../src/identity/sign-in.ts';
import { type Answer, type CallInput, callRoute, type RawAnswer } from '../client.ts';
import { Browser } from '../routes/browser.ts';
import { addMember, fromNewAddress, type Member, newEmail, openStage, PASSWORD, type Stage } from '../routes/stage.ts';

const WRONG = 'not the right password';
const NEW = 'seven brown kettles';

let stage: Stage;
before(async () => {
  stage = await openStage();
});

test('of 300 sign-ins at once from one address few are tried, the rest are told when to come again, and others get in', async () => {
  const { email } = await member();
  const began = performance.now();
  const flood = Array.from({ length: 300 }, () =>
    onId('POST /v1/me/logins', { body: { email: newEmail(), password: WRONG }, headers: [from('203.0.113.7')] }),
  );
  const meanwhile = await onId('POST /v1/me/logins', { body: { email, password: PASSWORD } });
  assert.equal(meanwhile.status, 201);
  const answers = await Promise.all(flood);
  const refilled = Math.ceil((performance.now() - began) / 2_000);
  const tried = answers.filter(({ status }) => status === 401);
  assert.ok(tried.length <= 30 + refilled, `${tried.length} were tried`);
  const waiting = answers.filter(({ status }) => status !== 401);
  for (const { status, headers } of waiting) {
    assert.ok(status === 429 || status === 503, String(status));
    assert.match(headers['retry-after'] as string, /^[1-9]\d*$/);
  }
});

test('a sign-in for which too many wait is put off, as an answer and as a page that keeps what was typed', async () => {
  const { email } = await member();
  let full = true;
  const hashes = Array.from({ length: 40 }, async () => {
    while (full) await hashPassword(PASSWORD).catch(() => new Promise((resolve) => setImmediate(resolve)));
  });
  const answer = await onId('POST /v1/me/logins', { body: { email, password: PASSWORD } });
  const page = await new Browser(stage.server.port).post('id', '/signin', { email, password: PASSWORD });
  full = false;
  await Promise.all(hashes);
  assert.equal(answer.problem.code, 'BUSY');
  for (const { status, headers } of [answer, page]) assert.deepEqual([status, headers['retry-after']], [503, '1']);
  assert.match(page.text, /Too many people sign in at this moment/);
  assert.ok(page.text.includes(`value="${email}"`));
  assert.doesNotMatch(page.text, /Retry-After/);
  assert.equal((await onId('POST /v1/me/logins', { body: { email, password: PASSWORD } })).status, 201);
});

test('strangers who use up the tries of a person lock out neither his browser nor whoever reads his mail', async () => {
  const { email } = await member();
  const own = new Browser(stage.server.port);
  assert.equal((await enter(own, email)).status, 303);
  assert.ok(own.cookies('id').has('__Host-bos-device'));
  own.cookies('id').delete('__Host-bos-id');
  await exhaust(email);
  const stranger = new Browser(stage.server.port);
  const refused = await enter(stranger, email);
  assert.equal(refused.status, 429);
  assert.match(refused.headers['retry-after'] as string, /^[1-9]\d*$/);
  assert.match(refused.text, /Too many tries\. Try again in \d+ seconds?\./);
  assert.equal((await enter(own, email)).status, 303);
  await onId('POST /v1/resets', { body: { email } });
  const path = new URL(await mailed(email)).pathname;
  const reset = await stranger.post('id', path, { password: NEW }, [fromNewAddress()]);
  assert.equal(reset.status, 200);
  assert.equal((await enter(stranger, email, NEW)).status, 303);
  assert.equal((await enter(new Browser(stage.server.port), email, NEW)).status, 429);
});

test('a browser that knows the password and not the factor is not known as the person’s', async () => {
  const { email, personId } = await member();
  await addFactor(personId);
  const browser = new Browser(stage.server.port);
  assert.equal((await enter(browser, email)).headers['location'], '/factor');
  assert.equal(browser.cookies('id').has('__Host-bos-device'), false);
});

test('a one-time code is that of now or of a step before or after, and works once, whoever shows it at once', async () => {
  for (const steps of [-1, 0, 1]) {
    const { email, personId } = await member();
    const secret = await addFactor(personId);
    await calm();
    for (const off of [-2, 2]) assert.equal((await showFactor(email, codeOf(secret, off))).status, 401, String(off));
    const code = codeOf(secret, steps);
    const answers = await Promise.all(Array.from({ length: 3 }, () => showFactor(email, code)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 401, 401], String(steps));
  }
});

test('a pending sign-in is gone after five wrong codes, and further ones wait, while a known browser gets in', async () => {
  const { email, personId } = await member();
  const known = new Browser(stage.server.port);
  await enter(known, email);
  const secret = await addFactor(personId);
  const browser = new Browser(stage.server.port);
  await enter(browser, email);
  const show = (one: Browser, code: string) => one.post('id', '/factor', { code }, [fromNewAddress()]);
  for (let number = 1; number <= 5; number++) assert.equal((await show(browser, '000000')).status, 401);
  assert.equal((await show(browser, codeOf(secret))).status, 401);
  assert.equal((await show(browser, codeOf(secret))).headers['location'], '/signin?again=1');
  await enter(browser, email);
  const late = await show(browser, codeOf(secret));
  assert.equal(late.status, 429);
  assert.match(late.headers['retry-after'] as string, /^[1-9]\d*$/);
  assert.equal((await enter(known, email)).headers['location'], '/factor');
  assert.equal((await show(known, codeOf(secret))).headers['location'], '/choose');
});

test('a recovery code works once, in whatever case and spelling, whoever shows it at once', async () => {
  const { email, personId } = await member();
  await addFactor(personId);
  const [first = '', second = ''] = newRecoveryCodes();
  const hashes = [first, second].map((code) => recoveryHash(personId, code));
  await setRecoveryCodes(stage.server.platform.people.unsealed, personId, hashes);
  const spelt = ` ${first.toLowerCase().replaceAll('-', ' ')} `;
  const answers = await Promise.all(Array.from({ length: 3 }, () => showFactor(email, spelt, 'recovery_code')));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 401, 401]);
  assert.equal((await showFactor(email, second, 'recovery_code')).status, 303);
});

test('a tenant that demands a factor gives neither tokens nor a session without one', async () => {
  const { home, server } = stage;
  const { email, personId } = await member();
  const config = (demanded: boolean) =>
    server.db.admin.query(
      `update control.tenants set config = jsonb_set(config, '{factor_required}', to_jsonb($2::boolean)) where tenant_id = $1`,
      [home.id, demanded],
    );
  await config(true);
  await forget();
  const body = { grant: 'password', email, password: PASSWORD, tenant: home.slug } as const;
  assert.equal((await onId('POST /v1/tokens', { body })).problem.code, 'FACTOR_NEEDED');
  const browser = new Browser(server.port);
  const page = await browser.post('id', await browser.begin(home.slug), { email, password: PASSWORD }, [
    fromNewAddress(),
  ]);
  assert.equal(page.headers['location'], `/me/factor?to=${home.slug}`);
  const secret = await addFactor(personId);
  assert.equal((await onId('POST /v1/tokens', { body })).problem.code, 'FACTOR_NEEDED');
  assert.equal((await onId('POST /v1/tokens', { body: { ...body, otp: codeOf(secret) } })).status, 200);
  await config(false);
  await forget();

  async function forget(): Promise<void> {
    await server.db.admin.query('select identity.revoke($1)', [`n:${home.slug}`]);
    await server.platform.people.feed.poll();
  }
});

test('no way to choose a password takes a short, common or own one, and none is used up by it', async () => {
  const { home } = stage;
  const [{ email, login }, invited, founder] = [await member(), newEmail(), newEmail()];
  const slug = `shop-${randomBytes(4).toString('hex').replace(/\d/g, 'x')}`;
  const wish = { name: 'Grocer & Sons of Twelve', slug, region: 'eu', plan: 'free', email: founder };
  await onId('POST /v1/signups', { body: wish });
  await onId('POST /v1/resets', { body: { email } });
  await home.call('POST /v1/invitations', { body: { email: invited, role: 'member' } });
  const token = async (to: string) => new URL(await mailed(to)).pathname.split('/')[2] ?? '';
  const headers = [['Cookie', login] as const, ['Origin', `http://id.bos.localhost:${stage.server.port}`] as const];
  const ways: [choose: (password: string) => Promise<Answer>, own: string[], ok: number][] = [
    [await byLink('POST /v1/signups/confirm', founder), [founder, wish.name, slug.repeat(2)], 201],
    [await byLink('POST /v1/resets/confirm', email), [email, email.toUpperCase()], 204],
    [await byLink('POST /v1/invitations/accept', invited), [invited, `Firm ${home.marker}`, home.slug], 201],
  ];
  for (const [choose, own, ok] of ways) {
    for (const password of ['elevenchars', 'passwordpassword', 'Password1234', 'x'.repeat(201), ...own]) {
      const { code, errors } = (await choose(password)).problem;
      assert.deepEqual([code, errors?.map(({ field }) => field)], ['PASSWORD_REFUSED', ['password']], password);
    }
    assert.equal((await choose(NEW)).status, ok);
  }
  const { email: other, login: cookie } = await member();
  const change = (password: string) =>
    onId('POST /v1/me/password', {
      body: { current: PASSWORD, password },
      headers: [['Cookie', cookie], ...headers.slice(1)],
    });
  for (const password of ['elevenchars', 'passwordpassword', other])
    assert.equal((await change(password)).problem.code, 'PASSWORD_REFUSED');
  assert.equal((await change(NEW)).status, 204);

  async function byLink(route: RouteKey, to: string): Promise<(password: string) => Promise<Answer>> {
    const secret = await token(to);
    return (password) => onId(route, { body: { token: secret, password } });
  }
});

test('a reset ends every sign-in and every other mailed link, a change all but its own', async () => {
  const { home, server } = stage;
  for (const way of ['reset', 'change'] as const) {
    const mine = await member();
    const { email, personId } = mine;
    const other = new Browser(server.port);
    const code = await other.signIn(home.slug, email, await other.begin(home.slug));
    await other.get(home.slug, code);
    const tokens = (
      await onId('POST /v1/tokens', { body: { grant: 'password', email, password: PASSWORD, tenant: home.slug } })
    ).ok;
    const cookie = (value: string) => home.call('GET /v1/me', { token: null, headers: [['Cookie', value]] });
    const session = `__Host-bos=${other.cookies(home.slug).get('__Host-bos')}`;
    for (const one of [mine.session, session]) assert.equal((await cookie(one)).status, 200);
    const wanted = newEmail();
    const origin = ['Origin', `http://id.bos.localhost:${server.port}`] as const;
    await onId('POST /v1/me/email', { body: { email: wanted }, headers: [['Cookie', mine.login], origin] });
    await onId('POST /v1/resets', { body: { email } });
    const link = new URL(await mailed(email)).pathname.split('/')[2] ?? '';
    const change = new URL(await mailed(wanted)).pathname.split('/')[2] ?? '';
    if (way === 'reset') {
      await onId('POST /v1/resets', { body: { email } });
      const newer = await until(async () => {
        const url = await mailed(email);
        return url.includes(link) ? undefined : (new URL(url).pathname.split('/')[2] ?? '');
      });
      assert.equal((await onId('POST /v1/resets/confirm', { body: { token: newer, password: NEW } })).status, 204);
    } else {
      const body = { current: PASSWORD, password: NEW };
      assert.equal(
        (await onId('POST /v1/me/password', { body, headers: [['Cookie', mine.login], origin] })).status,
        204,
      );
    }
    assert.equal((await cookie(mine.session)).status, way === 'reset' ? 401 : 200);
    assert.equal((await cookie(session)).status, 401);
    assert.equal((await home.call('GET /v1/me', { token: tokens.access_token })).status, 401);
    const refresh = { grant: 'refresh', refresh_token: tokens.refresh_token } as const;
    assert.equal((await onId('POST /v1/tokens', { body: refresh })).status, 401);
    const { rows } = await server.db.admin.query('select id from identity.logins where person_id = $1', [personId]);
    assert.deepEqual(rows, way === 'reset' ? [] : [{ id: mine.loginId }]);
    const late = [
      await onId('POST /v1/resets/confirm', { body: { token: link, password: `${NEW} more` } }),
      await onId('POST /v1/me/email/confirm', { body: { token: change } }),
    ];
    assert.deepEqual(
      late.map(({ status }) => status),
      [410, 410],
      way,
    );
  }
});

function member(): Promise<Member> {
  return addMember(stage, stage.home, 'member');
}

/** Calls a route of `id`, each time from another address unless the input names one. */
async function onId<K extends RouteKey>(route: K, input: CallInput): Promise<Answer<K>> {
  const { port } = stage.server;
  const more = input.headers ?? [];
  const named = more.some(([name]) => name === 'X-Forwarded-For');
  const headers = named ? more : [fromNewAddress(), ...more];
  return await callRoute(port, route, { ...input, host: `id.bos.localhost:${port}`, headers });
}

function from(address: string): readonly [string, string] {
  return ['X-Forwarded-For', address];
}

/** Sends the sign-in form, from an address that sent none before. */
async function enter(browser: Browser, email: string, password: string = PASSWORD): Promise<RawAnswer> {
  return await browser.post('id', '/signin', { email, password }, [fromNewAddress()]);
}

/** Signs in with password and factor in a new browser. */
async function showFactor(email: string, code: string, field = 'code'): Promise<RawAnswer> {
  const browser = new Browser(stage.server.port);
  await enter(browser, email);
  return await browser.post('id', '/factor', { [field]: code }, [fromNewAddress()]);
}

/** Guesses at a person from ever new addresses, until all unknown browsers together may not any more. */
async function exhaust(email: string): Promise<void> {
  for (let round = 1; round <= 10; round++) {
    const tries = Array.from({ length: 20 }, () => onId('POST /v1/me/logins', { body: { email, password: WRONG } }));
    const codes = (await Promise.all(tries)).map(({ problem }) => problem.code);
    if (codes.every((code) => code === 'RATE_LIMITED')) return;
  }
  assert.fail('200 guesses were tried');
}

/** Puts a second factor in force whose codes were never used; returns its secret in base32. */
async function addFactor(personId: string): Promise<string> {
  const secret = randomBytes(20);
  const wrapped = wrap(stage.server.platform.people.rootKey, FACTOR_PURPOSE, personId, secret);
  await stage.server.db.admin.query(
    'update identity.persons set totp_secret = $2, totp_step = 0, totp_at = now() where id = $1',
    [personId, wrapped],
  );
  return new Secret({ buffer: Uint8Array.from(secret).buffer }).base32;
}

function codeOf(secret: string, steps = 0): string {
  const totp = new TOTP({ secret: Secret.fromBase32(secret), algorithm: 'SHA1', digits: 6, period: 30 });
  return totp.generate({ timestamp: Date.now() + steps * 30_000 });
}

/** Waits until the present step lasts long enough for a few sign-ins. */
async function calm(): Promise<void> {
  const left = 30_000 - (Date.now() % 30_000);
  if (left < 5_000) await new Promise((resolve) => setTimeout(resolve, left));
}

/** The link of the newest mail to an address. */
async function mailed(email: string): Promise<string> {
  return await until(async () => {
    const { items } = (await onId('GET /v1/outbox', {})).ok;
    return items.find((item) => item.email === email)?.body.url;
  });
}

async function until<T>(find: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 3_000; tries++) {
    const found = await find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail('what was waited for did not come');
}
