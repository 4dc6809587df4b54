import assert from 'node:assert/strict';
import { afterEach, before, test } from 'node:test';
import { Secret, TOTP } from 'otpauth';
import type { Page } from 'playwright-core';
import { addMember, PASSWORD } from '../routes/stage.ts';
import { assertNoFaults, follow, type House, on, openHouse, press, signIn, skip } from './stage.ts';

let house: House;
before(async () => {
  if (!skip) house = await openHouse();
});
afterEach(assertNoFaults);

/** The code that an authenticator app shows now, or, one step on, in half a minute. */
function codeOf(secret: string, steps = 0): string {
  const totp = new TOTP({ secret: Secret.fromBase32(secret), algorithm: 'SHA1', digits: 6, period: 30 });
  return totp.generate({ timestamp: Date.now() + steps * 30_000 });
}

/** Sets a factor up on the page that asks for it; returns its secret and the recovery codes. */
async function setUp(page: Page): Promise<{ secret: string; codes: string[] }> {
  await on(page, 'Set up a second factor');
  const secret = ((await page.locator('.secret code').textContent()) ?? '').replaceAll(' ', '');
  const code = codeOf(secret);
  await page.getByLabel('One-time code').fill(code === '000000' ? '000001' : '000000');
  await press(page, 'Confirm');
  await page.getByText('One-time code did not match').first().waitFor();
  assert.equal(((await page.locator('.secret code').textContent()) ?? '').replaceAll(' ', ''), secret);
  await page.getByLabel('One-time code').fill(codeOf(secret));
  await press(page, 'Confirm');
  await on(page, 'Keep your recovery codes');
  const codes = await page.locator('.codes code').allTextContents();
  assert.equal(new Set(codes).size, 10);
  const file = await page.getByRole('link', { name: 'Save as a text file' }).getAttribute('href');
  const text = Buffer.from(file?.replace(/^.*base64,/, '') ?? '', 'base64').toString();
  assert.deepEqual(
    codes.filter((one) => !text.includes(one)),
    [],
  );
  await press(page, 'I have kept them');
  return { secret, codes };
}

test('a second factor is set up, asked for, replaced by a recovery code when lost, and removed', { skip }, async () => {
  const { at, visit, home } = house;
  const { email } = await addMember(house, home, 'member');
  const page = await visit();
  await page.goto(at('id', '/me'));
  await signIn(page, email);
  await follow(page, 'Set up');
  const { secret, codes } = await setUp(page);
  await on(page, 'Sign-in and security');
  await page.getByText('10 recovery codes are left').waitFor();

  const phone = await visit();
  await phone.goto(at(home.slug, '/signin'));
  await signIn(phone, email);
  await on(phone, 'One more step');
  await phone.goto(at(home.slug));
  await on(phone, `Firm ${home.marker}`);
  await phone.goto(at('id', '/me'));
  await on(phone, 'Sign in');
  await phone.goto(at(home.slug, '/signin'));
  await signIn(phone, email);
  await phone.getByLabel('One-time code').fill(codeOf(secret, -2));
  await press(phone, 'Confirm');
  await phone.getByText('One-time code did not match').first().waitFor();
  await phone.getByLabel('One-time code').fill(codeOf(secret, 1));
  await press(phone, 'Confirm');
  await on(phone, `Signed in to Firm ${home.marker}`);

  const lost = await visit();
  await lost.goto(at(home.slug, '/signin'));
  await signIn(lost, email);
  await on(lost, 'One more step');
  await lost.getByText('Use a recovery code instead').click();
  await lost.getByLabel('Recovery code').fill('AAAA-BBBB-CCCC-DDDD');
  await press(lost, 'Use recovery code');
  await lost.getByText('Recovery code did not match').first().waitFor();
  await on(lost, 'One more step');
  await lost.getByLabel('Recovery code').fill((codes[0] ?? '').toLowerCase().replaceAll('-', ' '));
  await press(lost, 'Use recovery code');
  await on(lost, `Signed in to Firm ${home.marker}`);
  await follow(lost, 'Sign-in and security');
  await lost.getByText('9 recovery codes are left').waitFor();
  await follow(lost, 'Remove');
  await on(lost, 'Remove the second factor?');
  const remove = async (code: string | undefined) => {
    await lost.getByLabel('Password').fill(PASSWORD);
    await lost.getByLabel('One-time code').fill(code ?? '');
    await press(lost, 'Remove');
  };
  await remove(codes[0]);
  await lost.getByRole('alert').getByText('That did not match').waitFor();
  await remove(codes[1]);
  await lost.getByRole('status').getByText('Your second factor is removed').waitFor();
  const plain = await visit();
  await plain.goto(at(home.slug, '/signin'));
  await signIn(plain, email);
  await on(plain, `Signed in to Firm ${home.marker}`);
});

test('a business that demands a factor has it set up on the way in, and asks for it in every sign-in', {
  skip,
}, async () => {
  const { at, visit, home, other, server } = house;
  const { email, personId } = await addMember(house, other, 'member');
  await server.db.admin.query(
    `with t as (insert into identity.person_tenants (person_id, tenant_id) values ($1, $2))
     insert into identity.memberships (tenant_id, person_id, role, name, email) values ($2, $1, 'viewer', 'Somebody', $3)`,
    [personId, home.id, email],
  );
  const phone = await visit();
  await phone.goto(at(other.slug, '/signin'));
  await signIn(phone, email);
  await on(phone, `Signed in to Firm ${other.marker}`);
  await demandFactor(true);
  const page = await visit();
  await page.goto(at(home.slug, '/signin'));
  await signIn(page, email);
  await page.getByText(`Firm ${home.marker} asks its people for a second factor`).waitFor();
  const { secret } = await setUp(page);
  await on(page, `Signed in to Firm ${home.marker}`);
  // signed in before the factor was there: enough for the other business, not for this one
  await phone.goto(at(other.slug));
  await on(phone, `Signed in to Firm ${other.marker}`);
  await phone.goto(at(home.slug, '/signin'));
  await on(phone, `Sign in to Firm ${home.marker}`);
  await phone.getByText('Once more, please').waitFor();
  assert.equal(await phone.getByLabel('E-mail').inputValue(), email);
  await phone.getByLabel('Password').fill(PASSWORD);
  await press(phone, 'Sign in');
  await on(phone, 'One more step');
  await phone.getByLabel('One-time code').fill(codeOf(secret, 1));
  await press(phone, 'Confirm');
  await on(phone, `Signed in to Firm ${home.marker}`);
  await demandFactor(false);

  async function demandFactor(demanded: boolean): Promise<void> {
    await server.db.admin.query(
      `update control.tenants set config = jsonb_set(config, '{factor_required}', to_jsonb($2::boolean)) where tenant_id = $1`,
      [home.id, demanded],
    );
    await server.db.admin.query('select identity.revoke($1)', [`n:${home.slug}`]);
    await server.platform.people.feed.poll();
  }
});

test('a sign-in that is long ago is asked for again, and leads to where it was wanted', { skip }, async () => {
  const { at, visit, home, server } = house;
  const { email, personId } = await addMember(house, home, 'member');
  const page = await visit();
  await page.goto(at('id', '/me'));
  await signIn(page, email);
  await on(page, 'Sign-in and security');
  await server.db.admin.query(
    `update identity.logins set auth_at = now() - interval '11 minutes' where person_id = $1`,
    [personId],
  );
  await follow(page, 'Set up');
  await on(page, 'Sign in');
  await page.getByText('Once more, please').waitFor();
  assert.equal(await page.getByLabel('E-mail').inputValue(), email);
  await page.getByLabel('Password').fill(PASSWORD);
  await press(page, 'Sign in');
  await on(page, 'Set up a second factor');
  await follow(page, 'Not now');
  await on(page, 'Sign-in and security');
});
