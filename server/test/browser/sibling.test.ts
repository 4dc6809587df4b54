import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { addMember, type Member, newEmail } from '../routes/stage.ts';
import { assertNoFaults, cookieOf, type House, on, openHouse, signIn, skip } from './stage.ts';

// On a base of two labels siblings are one site, so SameSite=Lax cookies go along: what is refused here is refused by us.

let house: House;
/** An admin of `home`. */
let victim: Member;
/** What the attacker serves on a sibling host: as tenants serve no HTML of theirs, by a server of his own. */
let prize: { html: string; headers: OutgoingHttpHeaders };
const attacker = createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/html', ...prize.headers });
  response.end(`<!doctype html><title>Prize</title><link rel="icon" href="data:,">${prize.html}`);
});
before(async () => {
  if (skip) return;
  house = await openHouse();
  victim = await addMember(house, house.home, 'admin');
  await once(attacker.listen(0, '127.0.0.1'), 'listening');
});
after(() => attacker.close());
afterEach(assertNoFaults);

/** Signs the victim in at `home`, in a browser that then opens a page of the attacker's. */
async function lure(html: string, headers: OutgoingHttpHeaders = {}): Promise<Page> {
  const { at, visit, home } = house;
  const signedIn = await visit();
  await signedIn.goto(at(home.slug, '/signin'));
  await signIn(signedIn, victim.email);
  await on(signedIn, `Signed in to Firm ${home.marker}`);
  const page = await signedIn.context().newPage(); // not watched: what it is refused is what it reports
  prize = { html, headers };
  await page.goto(`http://evil.bos.localhost:${(attacker.address() as AddressInfo).port}`);
  return page;
}

/** Does something that posts to `home`; tells which cookies went along, and what the server made of it. */
async function attempt(page: Page, act: () => Promise<unknown>): Promise<{ cookies: string[]; answers: unknown[] }> {
  const cdp = await page.context().newCDPSession(page);
  const cookies: string[] = [];
  // not from the request's own headers: what the browser keeps from the page, it keeps from them
  cdp.on('Network.requestWillBeSentExtraInfo', ({ associatedCookies }) => {
    for (const { cookie, blockedReasons } of associatedCookies)
      if (blockedReasons.length === 0) cookies.push(cookie.name);
  });
  await cdp.send('Network.enable');
  house.server.lines.splice(0);
  await act();
  let answers: unknown[] = [];
  while (answers.length === 0 || cookies.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 10)); // a line is written once the answer is
    const lines = house.server.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    answers = lines.filter(({ method }) => method === 'POST').map(({ code }) => code);
  }
  await cdp.detach();
  return { cookies: [...new Set(cookies)].sort(), answers };
}
const REFUSED = { cookies: ['__Host-bos', '__Host-bos-pre'], answers: ['CROSS_ORIGIN'] };

test('a form at a sibling reaches another tenant with its cookie, and is refused', { skip }, async () => {
  const { at, home } = house;
  for (const [path, field] of [
    ['/signout', 'csrf'],
    ['/v1/invitations', 'email'],
  ] as const) {
    const page = await lure(
      `<form method="post" action="${at(home.slug, path)}"><input name="${field}" value="x"><button>Win</button></form>`,
    );
    assert.deepEqual(await attempt(page, () => page.getByRole('button').click()), REFUSED);
    await page.getByText('CROSS_ORIGIN').waitFor();
    await page.goto(at(home.slug));
    await page.getByRole('heading', { name: `Signed in to Firm ${home.marker}` }).waitFor();
  }
});

test('a script at a sibling can neither write to another tenant nor read from it', { skip }, async () => {
  const { at, home } = house;
  const page = await lure('');
  const email = newEmail();
  for (const body of [`'{"email":"${email}","role":"admin"}'`, `new Blob(['{}'])`, 'new FormData()']) {
    const init = `{ method: 'POST', body: ${body}, mode: 'no-cors', credentials: 'include' }`;
    const act = () => page.evaluate(`fetch('${at(home.slug, '/v1/invitations')}', ${init}).catch(() => {})`);
    assert.deepEqual(await attempt(page, act), REFUSED);
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
    { 'Set-Cookie': [...parts, 'answered=evil; Domain=bos.localhost; Path=/'] },
  );
  for (const url of [at(home.slug), at('id')]) {
    const cookies = await page.context().cookies(url);
    for (const taken of ['plain', 'answered'])
      assert.ok(
        cookies.some(({ name }) => name === taken),
        taken,
      );
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
  await page.getByRole('button', { name: 'Sign out' }).waitFor(); // the last step is a page that refreshes itself
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
  const first = await visit();
  const held = Promise.withResolvers<string>();
  await first.route(
    (url) => url.pathname === '/session',
    (route) => {
      held.resolve(route.request().url());
      return route.abort();
    },
  );
  await first.goto(at(home.slug, '/signin'));
  await signIn(first, victim.email).catch(() => {});
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
  await first.goto('about:blank'); // a page that refreshes itself would get in by another code meanwhile
  await first.unrouteAll();
  await first.context().clearCookies({ name: '__Host-bos' });
  const answer = first.waitForResponse(link);
  await first.goto(link);
  assert.equal((await answer).headers()['location'], '/signin');
});
