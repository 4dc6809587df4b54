import assert from 'node:assert/strict';
import { afterEach, before, test } from 'node:test';
import { addMember, newEmail, PASSWORD } from '../routes/stage.ts';
import { assertNoFaults, cookieOf, follow, type House, on, openHouse, press, signIn, skip } from './stage.ts';

const NEW = 'seven brown kettles';

let house: House;
before(async () => {
  if (!skip) house = await openHouse();
});
afterEach(assertNoFaults);

test('a business is signed up from the start page to its own address by one mailed link', { skip }, async () => {
  const { at, visit, mailedTo, home } = house;
  const email = newEmail();
  const slug = `shop-${email.slice(1, 9)}`;
  const page = await visit();
  await page.goto(at(''));
  await on(page, 'BusinessOS');
  await follow(page, 'Create a business');
  await on(page, 'Create a business');
  await page.getByLabel('Name').fill('Shop & Sons');
  await page.getByLabel('Address').fill(home.slug);
  await page.getByRole('radio', { name: 'Pro' }).check();
  await page.getByLabel('E-mail').fill(email);
  await press(page, 'Continue');
  await page.getByRole('alert').getByRole('link', { name: 'Address is taken.' }).waitFor();
  await on(page, 'Create a business');
  assert.equal(await page.getByLabel('Name').inputValue(), 'Shop & Sons');
  assert.equal(await page.getByRole('radio', { name: 'Pro' }).isChecked(), true);
  await page.getByLabel('Address').fill(slug);
  await press(page, 'Continue');
  await on(page, 'Check your mail');
  await page.getByText(email).waitFor();
  const link = await mailedTo(email, 'signup');
  await follow(page, 'Open the outbox');
  await on(page, 'Outbox');
  await page.getByRole('link', { name: link }).click();
  await on(page, 'Create your business');
  await page.getByText(new URL(at(slug)).host).waitFor();
  await page.getByLabel('Your name').fill('Ada Byron');
  await page.getByLabel('Password').fill('passwordpassword');
  await press(page, 'Create business');
  await page.getByText('Password is on the list of common passwords').first().waitFor();
  assert.equal(await page.getByLabel('Your name').inputValue(), 'Ada Byron');
  await page.getByLabel('Password').fill(NEW);
  await press(page, 'Create business');
  await on(page, 'Signed in to Shop & Sons');
  assert.equal(page.url(), at(slug));
  await page.getByText('Owners may do everything').waitFor();
  assert.equal((await page.goto(link))?.status(), 410);
  await on(page, 'This link no longer works');
  await follow(page, 'Sign in');
  await on(page, 'Choose a business');
});

test('a new person joins by an invitation, once, with a name and a password of their own', { skip }, async () => {
  const { at, visit, mailedTo, home } = house;
  const email = newEmail();
  assert.equal((await home.call('POST /v1/invitations', { body: { email, role: 'member' } })).status, 201);
  const link = await mailedTo(email, 'invitation');
  const page = await visit();
  await page.goto(link);
  await on(page, `Join Firm ${home.marker}`);
  await page.getByText(`Owner ${home.marker} invites you to work here as a member.`).waitFor();
  await page.getByLabel('Your name').fill('Zoë Ångström');
  await page.getByLabel('Password').fill(email);
  await press(page, 'Join');
  await page.getByText('Password is only your e-mail').first().waitFor();
  await page.getByLabel('Password').fill(NEW);
  await press(page, 'Join');
  await on(page, `Signed in to Firm ${home.marker}`);
  await page.getByText('Zoë Ångström').waitFor();
  const other = await visit();
  assert.equal((await other.goto(link))?.status(), 410);
  await on(other, 'This link no longer works');
  assert.equal(await cookieOf(other, at('id'), '__Host-bos-id'), undefined);
});

test('a person of one business joins another with the password he has, and switches without it', { skip }, async () => {
  const { at, visit, mailedTo, home, other } = house;
  const { email } = await addMember(house, home, 'member');
  await other.call('POST /v1/invitations', { body: { email, role: 'viewer' } });
  const page = await visit();
  await page.goto(await mailedTo(email, 'invitation'));
  await on(page, `Join Firm ${other.marker}`);
  assert.equal(await page.getByLabel('Your name').count(), 0);
  await page.getByLabel('Password').fill('not the right password');
  await press(page, 'Join');
  await page.getByRole('alert').getByText('That did not match').waitFor();
  await page.getByLabel('Password').fill(PASSWORD);
  await press(page, 'Join');
  await on(page, `Signed in to Firm ${other.marker}`);
  await page.getByText('Viewers read').waitFor();
  await follow(page, 'Switch business');
  await on(page, 'Choose a business');
  await follow(page, new RegExp(`Firm ${home.marker}`));
  await on(page, `Signed in to Firm ${home.marker}`);
  await page.getByText('Members read and change').waitFor();
  assert.equal(page.url(), at(home.slug));
});

test('a member who is removed while signed in is out at the next page, and nowhere else', { skip }, async () => {
  const { at, visit, home, other, server } = house;
  const { email, personId } = await addMember(house, home, 'member');
  await server.db.admin.query(
    `with t as (insert into identity.person_tenants (person_id, tenant_id) values ($1, $2))
     insert into identity.memberships (tenant_id, person_id, role, name, email) values ($2, $1, 'viewer', 'Somebody', $3)`,
    [personId, other.id, email],
  );
  const page = await visit();
  for (const { slug, marker } of [home, other]) {
    await page.goto(at(slug, '/signin'));
    if (slug === home.slug) await signIn(page, email);
    await on(page, `Signed in to Firm ${marker}`);
  }
  await page.goto(at(home.slug));
  await on(page, `Signed in to Firm ${home.marker}`);
  assert.equal((await home.call('DELETE /v1/members/{id}', { params: { id: personId } })).status, 204);
  await page.reload();
  await on(page, `Firm ${home.marker}`);
  await page.getByText('You are no longer signed in here').waitFor();
  await follow(page, 'Sign in');
  await on(page, 'Choose a business');
  await page.getByRole('alert').getByText(`You are not in Firm ${home.marker}`).waitFor();
  await follow(page, new RegExp(`Firm ${other.marker}`));
  await on(page, `Signed in to Firm ${other.marker}`);
});

test('the people of a suspended business see that it is, and others see nothing', { skip }, async () => {
  const { at, visit, other, server } = house;
  const { email } = await addMember(house, other, 'admin');
  const [inside, outside] = [await visit(), await visit()];
  await inside.goto(at(other.slug, '/signin'));
  await signIn(inside, email);
  await on(inside, `Signed in to Firm ${other.marker}`);
  await server.operate('POST /v1/operator/tenants/{slug}/suspend', { params: { slug: other.slug } });
  await inside.goto(at('id', '/choose'));
  await on(inside, 'Choose a business');
  await inside.getByText('Suspended. Ask the operator').waitFor();
  await inside.goto(at('id', `/signin?to=${other.slug}`));
  await on(inside, 'This business is suspended');
  for (const path of ['/', '/signin', '/session?code=x', '/signed-out']) {
    assert.equal((await outside.goto(at(other.slug, path)))?.status(), 404);
    await on(outside, 'There is nothing here');
  }
  await outside.goto(at('id', `/signin?to=${other.slug}`));
  await on(outside, 'Sign in');
  await server.operate('POST /v1/operator/tenants/{slug}/resume', { params: { slug: other.slug } });
});

test('a new e-mail and a new password are changed in one place, and what is refused is said beside it', {
  skip,
}, async () => {
  const { at, visit, mailedTo, home } = house;
  const [{ email }, taken] = [await addMember(house, home, 'member'), await addMember(house, home, 'member')];
  const address = newEmail();
  const page = await visit();
  await page.goto(at('id', '/me'));
  await signIn(page, email);
  await on(page, 'Sign-in and security');
  const [mail, word] = ['email', 'password'].map((name) => page.locator(`form[action="/me/${name}"]`));
  assert.ok(mail && word);
  await word.getByLabel('Current password').fill('not the right password');
  await word.getByLabel('New password').fill(NEW);
  await press(page, 'Change password');
  await word.getByText('Current password did not match').waitFor();
  await word.getByLabel('Current password').fill(PASSWORD);
  await word.getByLabel('New password').fill('passwordpassword');
  await press(page, 'Change password');
  await word.getByText('New password is on the list of common passwords').waitFor();
  await page.goto(at('id', '/me/password'));
  await word.getByLabel('Current password').fill(PASSWORD);
  await word.getByLabel('New password').fill(NEW);
  await press(page, 'Change password');
  await page.getByRole('status').getByText('Your password is changed').waitFor();
  await mail.getByLabel('New e-mail').fill(taken.email);
  await mail.getByLabel('Your password').fill(NEW);
  await press(page, 'Change e-mail');
  await page.getByRole('status').getByText('A link is on its way').waitFor();
  await page.goto(await mailedTo(taken.email, 'email'));
  await on(page, 'Confirm your new e-mail');
  await press(page, 'Confirm');
  await page.getByRole('alert').getByText('Somebody else signs in with this address').waitFor();
  await page.goto(at('id', '/me'));
  await mail.getByLabel('New e-mail').fill(address);
  await mail.getByLabel('Your password').fill(NEW);
  await press(page, 'Change e-mail');
  await page.getByRole('status').getByText('A link is on its way').waitFor();
  await page.goto(await mailedTo(address, 'email'));
  await press(page, 'Confirm');
  await on(page, 'Your e-mail is changed');
  await mailedTo(email, 'email_changed');
  const again = await visit();
  await again.goto(at(home.slug, '/signin'));
  await signIn(again, address, NEW);
  await on(again, `Signed in to Firm ${home.marker}`);
});

test('a forgotten password is chosen anew by a mailed link, which signs everybody else out', { skip }, async () => {
  const { at, visit, mailedTo, home } = house;
  const { email } = await addMember(house, home, 'member');
  const [thief, page] = [await visit(), await visit()];
  await thief.goto(at(home.slug, '/signin'));
  await signIn(thief, email);
  await on(thief, `Signed in to Firm ${home.marker}`);
  await page.goto(at(home.slug, '/signin'));
  await follow(page, 'Forgot password?');
  await on(page, 'Forgot your password?');
  await page.getByLabel('E-mail').fill(email);
  await press(page, 'Send link');
  await on(page, 'Check your mail');
  await page.goto(await mailedTo(email, 'reset'));
  await on(page, 'Choose a new password');
  await page.getByLabel('New password').fill(NEW);
  await press(page, 'Save password');
  await on(page, 'Your password is changed');
  await follow(page, 'Sign in');
  await signIn(page, email, NEW);
  await on(page, 'Choose a business');
  await thief.reload();
  await on(thief, `Firm ${home.marker}`);
});
