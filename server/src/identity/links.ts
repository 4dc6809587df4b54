import { randomUUID } from 'node:crypto';
import { parseSlug, type SignupRequest } from '@businessos/contract';
import { derivedId, TenancyError } from '@businessos/tenancy';
import type { Web } from '../http/web.ts';
import { Refusal } from '../refusal.ts';
import type { IdentityContext } from './context.ts';
import * as logins from './login-store.ts';
import * as mails from './mail-store.ts';
import { hashOf, newOpaque, parseOpaque } from './opaque.ts';
import { hashPassword, passwordProblem } from './password.ts';
import * as persons from './person-store.ts';
import { addressBucket, checkPassword, mayMail, throttle } from './sign-in.ts';

const SIGNUP_S = 24 * 3_600;
const RESET_S = 3_600;

/**
 * Takes a wish for a new business and mails a link to the address, whoever it belongs to.
 * @throws Refusal SLUG_REFUSED, SLUG_TAKEN, VALUE_REFUSED (region), RATE_LIMITED.
 */
export async function requestSignup(context: IdentityContext, request: SignupRequest, web: Web): Promise<void> {
  await throttle(context, [addressBucket(web)]);
  const slug = parseSlug(request.slug);
  if (!slug.ok)
    throw new Refusal('SLUG_REFUSED', { errors: [{ field: 'slug', problem: slug.problem, fix: slug.fix }] });
  const regions = await context.regions();
  if (!regions.includes(request.region)) {
    const fix = `use one of: ${regions.join(', ')}`;
    throw new Refusal('VALUE_REFUSED', { errors: [{ field: 'region', problem: 'has no cluster', fix }] });
  }
  if ((await context.tenants.find({ slug: slug.slug })) !== undefined) throw slugTaken();
  const { email, ...body } = request;
  await mailLink(context, 'signup', email, body, SIGNUP_S, { business: request.name });
}

/** Mails a link to set a new password, if anybody has this address. @throws Refusal RATE_LIMITED. */
export async function requestReset(context: IdentityContext, email: string, web: Web): Promise<void> {
  await throttle(context, [addressBucket(web)]);
  await mailLink(context, 'reset', email, {}, RESET_S, {});
}

/** Mails a link to a new address of a person. */
export async function requestEmail(context: IdentityContext, personId: string, email: string, web: Web): Promise<void> {
  await throttle(context, [addressBucket(web)]);
  await mailLink(context, 'email', email, { person: personId }, RESET_S, {});
}

/** The same two rows for any address; beyond five mails at once silently none. */
async function mailLink(
  context: IdentityContext,
  kind: mails.LinkKind,
  email: string,
  body: Record<string, string>,
  seconds: number,
  said: { business?: string },
): Promise<void> {
  const { unsealed, outbox } = context;
  if (!(await mayMail(context, email, kind === 'reset' ? kind : 'other'))) return;
  const token = newOpaque();
  const ends = new Date(Date.now() + seconds * 1_000).toISOString();
  await unsealed.transaction(async (tx) => {
    await mails.insertLink(tx, { hash: hashOf(token), kind, email, body, seconds });
    await outbox.add(tx, kind, email, { token, ends, ...said });
  });
  outbox.kick();
}

/** Looks at a link without using it: mail scanners follow links. @throws Refusal LINK_USED. */
export async function openLink(context: IdentityContext, kind: mails.LinkKind, token: string) {
  const hash = parseOpaque(token);
  const link = hash && (await mails.findLink(context.unsealed, hash, kind));
  if (hash === undefined || link === undefined) throw new Refusal('LINK_USED');
  const { email } = link;
  const person = await persons.findPerson(context.unsealed, { email });
  return { hash, link, person };
}

/**
 * Uses a sign-up link: makes the tenant and its owner in one act. The slug is reserved first, so that a taken one
 * leaves the link as it is; the link and the person's password are one transaction; what a crash leaves is finished by
 * the sweeper.
 * @throws Refusal LINK_USED, SLUG_TAKEN, PASSWORD_REFUSED, CREDENTIAL_INVALID (an existing person's password), BUSY.
 */
export async function confirmSignup(
  context: IdentityContext,
  input: { token: string; password: string; person_name?: string | undefined },
  web: Web,
) {
  const { hash, link, person } = await openLink(context, 'signup', input.token);
  const wish = link.body as unknown as Omit<SignupRequest, 'email'>;
  const { email } = link;
  const newPassword = await passwordOf(
    context,
    person,
    { email, slug: wish.slug, name: wish.name },
    input.password,
    web,
  );
  const name = person?.name ?? input.person_name ?? nameOf(email);
  let taken = false;
  const take = async () => {
    await context.unsealed.transaction(async (tx) => {
      if (!(await mails.takeLink(tx, hash, 'signup'))) throw new Refusal('LINK_USED');
      if (newPassword !== undefined)
        await persons.ensurePerson(tx, { id: randomUUID(), email, name, password: newPassword });
    });
    taken = true;
  };
  const tenant = await context.onboard(
    `signup:${hash.toString('hex')}`,
    {
      ...wish,
      config: { providers: [], locale: 'en', time_zone: 'UTC', factor_required: false },
      owner: { email, name },
    },
    take,
  );
  // the sweeper may have finished what a crash left, and the link is still there; or somebody else used it meanwhile
  if (!taken) await take();
  return { tenant, email };
}

/**
 * Uses a reset link: a new password; every sign-in of the person and every other link to a new password or address
 * ends, the second factor stays. @throws Refusal LINK_USED, PASSWORD_REFUSED, BUSY.
 */
export async function confirmReset(
  context: IdentityContext,
  { token, password }: { token: string; password: string },
  web: Web,
): Promise<persons.PersonRow> {
  const { unsealed, feed } = context;
  const { hash, link, person } = await openLink(context, 'reset', token);
  if (person === undefined) throw new Refusal('LINK_USED');
  const hashed = await chosen(context, password, { email: link.email }, web);
  await unsealed.transaction(async (tx) => {
    if (!(await mails.takeLink(tx, hash, 'reset'))) throw new Refusal('LINK_USED');
    await persons.setPassword(tx, person.id, hashed);
    await mails.voidLinks(tx, person);
    await logins.deleteLogins(tx, person.id);
    await tx.query(logins.revocation(`p:${person.id}`));
  });
  await feed.learn();
  return person;
}

/** Uses a link to a new address; the tenants' copies of it follow. @throws Refusal LINK_USED, CONFLICT. */
export async function confirmEmail(context: IdentityContext, token: string): Promise<void> {
  const { unsealed, outbox } = context;
  const { hash } = await openLink(context, 'email', token);
  try {
    await unsealed.transaction(async (tx) => {
      const link = await mails.takeLink(tx, hash, 'email');
      const personId = link?.body['person'];
      const person = personId && (await persons.findPerson(tx, { id: personId }));
      if (link === undefined || !person) throw new Refusal('LINK_USED');
      await persons.setEmail(tx, person.id, link.email);
      await outbox.add(tx, 'email_changed', person.email, {});
      await outbox.add(tx, 'copies', link.email, { person: person.id });
    });
  } catch (error) {
    if (!(error instanceof TenancyError) || error.code !== 'CONFLICT') throw error;
    throw new Refusal('CONFLICT', {
      cause: error,
      errors: [{ field: 'email', problem: 'belongs to another person', fix: 'use another address' }],
    });
  }
  outbox.kick();
}

/**
 * Lets whoever came by a mailed link show that he is the person, or choose a password when nobody had one.
 * Returns the hash of a chosen one. @throws Refusal CREDENTIAL_INVALID, PASSWORD_REFUSED, RATE_LIMITED, BUSY.
 */
export async function passwordOf(
  context: IdentityContext,
  person: persons.PersonRow | undefined,
  who: { email: string; slug: string; name: string },
  password: string,
  web: Web,
): Promise<string | undefined> {
  if (!person?.password) return await chosen(context, password, who, web);
  await checkPassword(context, { email: who.email, password }, web);
  return undefined;
}

/**
 * Hashes a new password that may be chosen. `web`: whoever asks pays for the hash with a try of his address, since a
 * link that is refused for another reason can be shown again and again.
 * @throws Refusal PASSWORD_REFUSED, RATE_LIMITED, BUSY.
 */
export async function chosen(
  context: IdentityContext,
  password: string,
  who: { email: string; slug?: string; name?: string },
  web?: Web,
): Promise<string> {
  const problem = passwordProblem(password, who);
  if (problem) throw new Refusal('PASSWORD_REFUSED', { errors: [problem] });
  if (web) await throttle(context, [addressBucket(web)]);
  return await hashPassword(password);
}

/** A name for somebody who gave none: what stands before the @. */
export function nameOf(email: string): string {
  return email.slice(0, email.indexOf('@')).slice(0, 100);
}

/** Mails the owner of a tenant that somebody else made a link to choose a password; a repeat mails nothing. */
export async function welcome(
  context: Pick<IdentityContext, 'outbox'>,
  tx: Parameters<typeof mails.insertLink>[0],
  tenantId: string,
  email: string,
): Promise<void> {
  const token = newOpaque();
  const seconds = 7 * 86_400;
  const ends = new Date(Date.now() + seconds * 1_000).toISOString();
  if (await context.outbox.add(tx, 'reset', email, { token, ends }, derivedId('welcome', tenantId, email)))
    await mails.insertLink(tx, { hash: hashOf(token), kind: 'reset', email, body: {}, seconds });
}

function slugTaken(): Refusal {
  return new Refusal('SLUG_TAKEN', { errors: [{ field: 'slug', problem: 'is taken', fix: 'choose another' }] });
}
