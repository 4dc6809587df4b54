import assert from 'node:assert/strict';
import { afterEach, before, test } from 'node:test';
import type { Page, Request } from 'playwright-core';
import { addMember, type Member, newEmail } from '../routes/stage.ts';
import { assertNoFaults, cookieOf, type House, on, openHouse, signIn, skip } from './stage.ts';

// On a base of two labels siblings are one site, so SameSite=Lax cookies go along: what is refused here is refused by us.

let house: House;
/** An admin of `home`, the victim; the attacker has the host of `other`. */
let victim: Member;
before(async () => {
  if (skip) return;
  house = await openHouse();
  victim = await addMember(house, house.home, 'admin');
});
afterEach(assertNoFaults);

/** Signs the victim in at `home`, in a browser that got a page of the attacker's at the address of `other`. */
async function lure(html: string, headers: Record<string, string> = {}): Promise<Page> {
  const { at, visit, home, other } = house;
  const signedIn = await visit();
  await signedIn.goto(at(home.slug, '/signin'));
  await signIn(signedIn, victim.email);
  await on(signedIn, `Signed in to Firm ${home.marker}`);
  const page = await signedIn.context().newPage(); // not watched: what it is refused is what it reports
  await page.route(at(other.slug, '/prize'), (route) =>
    route.fulfill({ contentType: 'text/html', headers, body: `<!doctype html><title>Prize</title>${html}` }),
  );
  await page.goto(at(other.slug, '/prize'));
  return page;
}

/** Whether a request brought the session of `home`, and what the server made of it. */
async function fate(sent: Request): Promise<{ session: boolean; answers: unknown[] }> {
  const { cookie = '' } = await sent.allHeaders();
  const { pathname } = new URL(sent.url());
  let answers: unknown[] = [];
  while (answers.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 10)); // a line is written once the answer is
    const lines = house.server.lines.splice(0).map((line) => JSON.parse(line) as Record<string, unknown>);
    answers = lines.filter(({ method, path }) => method === 'POST' && path === pathname).map(({ code }) => code);
  }
  return { session: /(?:^|; )__Host-bos=/.test(cookie), answers };
}
const REFUSED = { session: true, answers: ['CROSS_ORIGIN'] };

test('a form at a sibling reaches another tenant with its cookie, and is refused', { skip }, async () => {
  const { at, home } = house;
  for (const [path, field] of [
    ['/signout', 'csrf'],
    ['/v1/invitations', 'email'],
  ] as const) {
    const page = await lure(
      `<form method="post" action="${at(home.slug, path)}"><input name="${field}" value="x"><button>Win</button></form>`,
    );
    const sent = page.waitForRequest((request) => request.method() === 'POST');
    await page.getByRole('button').click();
    assert.deepEqual(await fate(await sent), REFUSED);
    await page.getByText('CROSS_ORIGIN').waitFor();
    await page.goto(at(home.slug));
    await page.getByRole('heading', { name: `Signed in to Firm ${home.marker}` }).waitFor();
  }
});

test('a script at a sibling can neither write to another tenant nor read from it', { skip }, async () => {
  const { at, home } = house;
  const page = await lure('');
  const email = newEmail();
  const attempts: [string, string][] = [
    [
      'POST',
      `{ method: 'POST', body: '{"email":"${email}","role":"admin"}', mode: 'no-cors', credentials: 'include' }`,
    ],
    ['POST', `{ method: 'POST', body: new Blob(['{}']), mode: 'no-cors', credentials: 'include' }`],
  ];
  for (const [method, init] of attempts) {
    const sent = page.waitForRequest((request) => request.method() === method);
    await page.evaluate(`fetch('${at(home.slug, '/v1/invitations')}', ${init}).catch(() => {})`);
    assert.deepEqual(await fate(await sent), REFUSED);
  }
  const read = await page.evaluate(
    `fetch('${at(home.slug, '/v1/me')}', { credentials: 'include' }).then((answer) => answer.text(), (error) => error.name)`,
  );
  assert.equal(read, 'TypeError');
  // with a header of JSON the browser asks first, and is not answered
  const asked = await page.evaluate(
    `fetch('${at(home.slug, '/v1/invitations')}', { method: 'POST', credentials: 'include', body: '{}',
      headers: { 'content-type': 'application/json' } }).then((answer) => answer.status, (error) => error.name)`,
  );
  assert.equal(asked, 'TypeError');
  const { items } = (await home.call('GET /v1/invitations')).ok;
  assert.deepEqual(items, []);
});

test('a sibling cannot frame a page, nor open it as a window that it can look into', { skip }, async () => {
  const { at, home } = house;
  const page = await lure(`<iframe src="${at(home.slug)}" title="x"></iframe>`);
  const frame = page.frames().find((one) => one !== page.mainFrame());
  assert.ok(frame);
  await page.waitForFunction(`document.readyState === 'complete'`);
  assert.equal(await frame.getByRole('heading').count(), 0);
  const popup = page.waitForEvent('popup');
  await page.evaluate(`{ window.other = window.open('${at(home.slug)}') }`);
  await (await popup).getByRole('heading', { name: `Signed in to Firm ${home.marker}` }).waitFor();
  assert.equal(await page.evaluate('window.other.closed'), true); // cut off by Cross-Origin-Opener-Policy
});

test('a sibling cannot set the cookies of another host, while it can set others for the domain', { skip }, async () => {
  const { at, home } = house;
  const names = ['__Host-bos', '__Host-bos-id', '__Host-bos-flow', '__Host-bos-pre'];
  const parts = names.map((name) => `${name}=evil; Domain=bos.localhost; Path=/; Secure`);
  const page = await lure(
    `<script>for (const cookie of ${JSON.stringify([...parts, 'plain=evil; Domain=bos.localhost; Path=/'])}) document.cookie = cookie;</script>`,
    { 'Set-Cookie': [...parts, 'answered=evil; Domain=bos.localhost; Path=/'].join('\n') },
  );
  for (const url of [at(home.slug), at('id')]) {
    const cookies = await page.context().cookies(url);
    assert.ok(cookies.some(({ name, value }) => name === 'plain' && value === 'evil'));
    assert.deepEqual(
      cookies.filter(({ name, value }) => names.includes(name) && value === 'evil'),
      [],
    );
  }
  await page.goto(at(home.slug));
  await page.getByRole('heading', { name: `Signed in to Firm ${home.marker}` }).waitFor();
});

test('no script reads a cookie of ours, at no host', { skip }, async () => {
  const { at, visit, home } = house;
  const page = await visit();
  await page.goto(at(home.slug, '/signin'));
  await signIn(page, victim.email);
  for (const url of [at(home.slug), at('id', '/me')]) {
    await page.goto(url);
    const cookies = await page.context().cookies(url);
    assert.ok(cookies.length >= 2);
    for (const { name, httpOnly, secure, sameSite, domain, path } of cookies) {
      assert.match(name, /^__Host-bos/);
      assert.deepEqual([httpOnly, secure, sameSite, domain, path], [true, true, 'Lax', new URL(url).hostname, '/']);
    }
    assert.equal(await page.evaluate('document.cookie'), '');
  }
});

test('a code is of the browser that began the sign-in: in another one it signs nobody in', { skip }, async () => {
  const { at, visit, home } = house;
  const attacker = await visit();
  const held = Promise.withResolvers<string>();
  await attacker.route(
    (url) => url.pathname === '/session',
    (route) => {
      held.resolve(route.request().url());
      return route.abort();
    },
  );
  await attacker.goto(at(home.slug, '/signin'));
  await signIn(attacker, victim.email).catch(() => {});
  const link = await held.promise;
  assert.match(link, /\/session\?code=[\w-]{43}$/);

  const page = await visit();
  await page.goto(at(home.slug, '/signin'));
  await on(page, `Sign in to Firm ${home.marker}`);
  await page.goto(link);
  await on(page, `Sign in to Firm ${home.marker}`);
  assert.equal(await cookieOf(page, at(home.slug), '__Host-bos'), undefined);
  assert.equal(await cookieOf(page, at('id'), '__Host-bos-id'), undefined);

  // and it is used up for the browser that it was made for, which has to get another one
  await attacker.unrouteAll();
  const answer = attacker.waitForResponse(link);
  await attacker.goto(link);
  assert.equal((await answer).headers()['location'], '/signin');
});
