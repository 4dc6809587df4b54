import assert from 'node:assert/strict';
import { afterEach, before, test } from 'node:test';
import { addMember, type Member } from '../routes/stage.ts';
import { assertNoFaults, cookieOf, follow, type House, on, openHouse, press, signIn, skip } from './stage.ts';

let house: House;
/** A member of the first tenant alone, and one of both. */
let member: Member;
let both: Member;
let titles: { home: string; other: string };

before(async () => {
  if (skip) return;
  house = await openHouse();
  const { home, other, server } = house;
  member = await addMember(house, home, 'member');
  both = await addMember(house, home, 'admin');
  await server.db.admin.query(
    `with t as (insert into identity.person_tenants (person_id, tenant_id) values ($1, $2))
     insert into identity.memberships (tenant_id, person_id, role, name, email) values ($2, $1, 'viewer', 'Somebody', $3)`,
    [both.personId, other.id, both.email],
  );
  titles = { home: `Signed in to Firm ${home.marker}`, other: `Signed in to Firm ${other.marker}` };
});
afterEach(assertNoFaults);

test('one password opens two tenants, and signing out at one ends both', { skip }, async () => {
  const { at, visit, home, other } = house;
  const page = await visit();
  await page.goto(at(home.slug));
  await on(page, `Firm ${home.marker}`);
  await follow(page, 'Sign in');
  await on(page, `Sign in to Firm ${home.marker}`);
  assert.equal(new URL(page.url()).host, new URL(at('id')).host);
  await signIn(page, both.email);
  await on(page, titles.home);
  assert.equal(page.url(), at(home.slug));
  const passwords: string[] = [];
  page.on('request', (request) => void (request.method() === 'POST' && passwords.push(request.url())));
  await page.goto(at(other.slug));
  await follow(page, 'Sign in');
  await on(page, titles.other);
  assert.deepEqual(passwords, []);
  await press(page, 'Sign out');
  await on(page, 'You are signed out');
  assert.equal(new URL(page.url()).host, new URL(at(other.slug)).host);
  await page.goto(at(home.slug));
  await on(page, `Firm ${home.marker}`);
  await page.getByText('You are no longer signed in here').waitFor();
  await page.goto(at('id', '/me'));
  await on(page, 'Sign in');
});

test('a wrong password keeps the e-mail, gives the focus to the password and no cookie', { skip }, async () => {
  const { at, visit, home } = house;
  const page = await visit();
  await page.goto(at(home.slug, '/signin'));
  await signIn(page, member.email, 'not the right password');
  await page.getByRole('alert').getByText('That did not match').waitFor();
  assert.equal(await page.getByLabel('E-mail').inputValue(), member.email);
  assert.equal(await page.getByLabel('Password').inputValue(), '');
  assert.equal(await page.evaluate('document.activeElement.name'), 'password');
  assert.equal(await cookieOf(page, at('id'), '__Host-bos-id'), undefined);
  await page.getByLabel('Password').fill('four unrelated words here');
  await press(page, 'Sign in');
  await on(page, titles.home);
});

test('somebody from outside is told whose business he is not in, and where he is', { skip }, async () => {
  const { at, visit, home, other } = house;
  const page = await visit();
  await page.goto(at(other.slug, '/signin'));
  await signIn(page, member.email);
  await on(page, 'Choose a business');
  await page.getByRole('alert').getByText(`You are not in Firm ${other.marker}`).waitFor();
  assert.equal(await page.getByRole('link', { name: `Firm ${other.marker}` }).count(), 0);
  assert.equal(await cookieOf(page, at(other.slug), '__Host-bos'), undefined);
  await follow(page, new RegExp(`Firm ${home.marker}`));
  await on(page, titles.home);
});

test('without JavaScript it is the same way, from sign-in to signed in and out', { skip }, async () => {
  const { at, visit, home } = house;
  const page = await visit({ javaScriptEnabled: false });
  await page.goto(at(home.slug));
  await follow(page, 'Sign in');
  await signIn(page, member.email);
  const heading = (name: string) => page.getByRole('heading', { level: 1, name }).waitFor();
  await heading(titles.home);
  await press(page, 'Sign out');
  await heading('You are signed out');
});

test('Back, a second tab, a form left open and a click too many all end signed in', { skip }, async () => {
  const { at, visit, home } = house;
  const page = await visit();
  await page.goto(at(home.slug));
  await follow(page, 'Sign in');
  const tab = await page.context().newPage();
  await tab.goto(at(home.slug, '/signin'));
  const late = await page.context().newPage();
  await late.goto(at(home.slug, '/signin'));
  await page.getByLabel('E-mail').fill(member.email);
  await page.getByLabel('Password').fill('four unrelated words here');
  await page.getByRole('button', { name: 'Sign in' }).dblclick();
  await on(page, titles.home);
  await page.goBack();
  await on(page, titles.home);
  await signIn(tab, member.email);
  await on(tab, titles.home);
  await page.reload();
  await on(page, titles.home);
  // as after ten minutes
  await page.context().clearCookies({ name: /bos(-flow|-id)?$/ });
  await signIn(late, member.email);
  await on(late, titles.home);
});

test('who signs in over somebody else has ended the sessions of that one in this browser', { skip }, async () => {
  const { at, visit, home, other } = house;
  const page = await visit();
  const form = await page.context().newPage();
  await form.goto(at(home.slug, '/signin'));
  await page.goto(at(other.slug, '/signin'));
  await signIn(page, both.email);
  await on(page, titles.other);
  await signIn(form, member.email);
  await on(form, titles.home);
  await page.reload();
  await on(page, `Firm ${other.marker}`);
});

test('signing out where the session had ended already says that others may go on', { skip }, async () => {
  const { at, visit, home } = house;
  const page = await visit();
  await page.goto(at(home.slug, '/signin'));
  await signIn(page, member.email);
  await on(page, titles.home);
  await page.context().clearCookies({ name: '__Host-bos' });
  await press(page, 'Sign out');
  await page.getByText('It may still be in other businesses').waitFor();
  await follow(page, 'See where, and sign out');
  await on(page, 'Choose a business');
  await press(page, 'Sign out');
  await on(page, 'You are signed out');
  await page.goto(at('id', '/choose'));
  await on(page, 'Sign in');
});

test('signing out everywhere ends the other browser too', { skip }, async () => {
  const { at, visit, home } = house;
  const [page, phone] = [await visit(), await visit()];
  for (const one of [page, phone]) {
    await one.goto(at(home.slug, '/signin'));
    await signIn(one, member.email);
    await on(one, titles.home);
  }
  await follow(phone, 'Sign-in and security');
  await on(phone, 'Sign-in and security');
  await press(phone, 'Sign out everywhere');
  await on(phone, 'You are signed out');
  await page.reload();
  await on(page, `Firm ${home.marker}`);
  await page.goto(at('id', '/me'));
  await on(page, 'Sign in');
});

test('a browser that keeps no cookies is told so', { skip }, async () => {
  const { at, visit, home } = house;
  const page = await visit();
  await page.goto(at(home.slug, '/signin'));
  await page.context().clearCookies();
  await signIn(page, member.email);
  await on(page, 'This form could not be taken');
  await page.goto(at(home.slug, '/session?code=nothing'));
  await page.context().clearCookies();
  await page.goto(at(home.slug, '/session?code=nothing'));
  await on(page, 'Sign in once more');
});

test('an address that is none gets a page, whatever its host', { skip }, async () => {
  const { at, visit, home } = house;
  const page = await visit();
  for (const url of [at('id', '/nowhere'), at(home.slug, '/deals/1'), at('nobody-at-all'), at('', '/nowhere')]) {
    const answer = await page.goto(url);
    assert.equal(answer?.status(), 404);
    await on(page, 'There is nothing here');
  }
});
