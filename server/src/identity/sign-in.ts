import type { Tenancy, Unscoped } from '@businessos/tenancy';
import type { Web } from '../http/web.ts';
import { Refusal } from '../refusal.ts';
import type { IdentityContext } from './context.ts';
import { note } from './credential-store.ts';
import { knownDevice, newDevice } from './device-cookie.ts';
import { factorStep, recoveryHash } from './factor.ts';
import { unwrap } from './installation-key.ts';
import * as logins from './login-store.ts';
import { hashOf, newOpaque } from './opaque.ts';
import { hashPassword, needsRehash, verifyPassword } from './password.ts';
import * as persons from './person-store.ts';
import { addressGroup, type Bucket, takeTokens, throttleKey } from './throttle-store.ts';

export const DEVICE_COOKIE = '__Host-bos-device';
export const LOGIN_S = 30 * 86_400;
/** How long a browser is known that somebody signed in from. */
export const DEVICE_S = 365 * 86_400;
const PENDING_S = 300;
export const FACTOR_PURPOSE = 'identity.persons.totp_secret';

/** Takes a token of each bucket. @throws Refusal RATE_LIMITED with the seconds to wait. */
export async function throttle({ unsealed }: Pick<IdentityContext, 'unsealed'>, buckets: Bucket[]): Promise<void> {
  const taken = await takeTokens(unsealed, buckets);
  if (!taken.ok) throw new Refusal('RATE_LIMITED', { retryAfterS: taken.retryAfterS });
}

/** Of one address (IPv6: /64), whatever it asks for: 30, and one more every two seconds. */
export function addressBucket({ address }: Pick<Web, 'address'>): Bucket {
  return { key: throttleKey('address', addressGroup(address)), capacity: 30, perSecond: 0.5 };
}

/**
 * One mail every ten minutes to one address, five at once; true when one may go. Links for a new password have a bucket
 * of their own: they are the way back in, which nobody must be able to use up by asking for other mails.
 */
export async function mayMail(
  { unsealed }: Pick<IdentityContext, 'unsealed'>,
  email: string,
  kind: 'reset' | 'other' = 'other',
): Promise<boolean> {
  const bucket = { key: throttleKey('mail', kind, email), capacity: 5, perSecond: 1 / 600 };
  return (await takeTokens(unsealed, [bucket])).ok;
}

/**
 * Who guesses pays: by address, by person and address, and by person over all unknown browsers. A browser that this
 * person signed in from before has tries of its own, so strangers cannot use up those of the person.
 */
function guessBuckets(context: IdentityContext, email: string, web: Web): Bucket[] {
  const device = knownDevice(context.deviceKey, email, web.cookie(DEVICE_COOKIE) ?? '');
  if (device !== undefined)
    return [addressBucket(web), { key: throttleKey('device', email, device), capacity: 10, perSecond: 1 / 60 }];
  return [
    addressBucket(web),
    { key: throttleKey('person', email, addressGroup(web.address)), capacity: 10, perSecond: 1 / 60 },
    { key: throttleKey('unknown', email), capacity: 100, perSecond: 10 / 60 },
  ];
}

/**
 * Checks a password, at equal cost for known and unknown addresses. `tenantId` is where a failure is recorded.
 * @throws Refusal CREDENTIAL_INVALID, RATE_LIMITED, BUSY.
 */
export async function checkPassword(
  context: IdentityContext,
  { email, password }: { email: string; password: string },
  web: Web,
  tenantId?: string,
): Promise<persons.PersonRow> {
  await throttle(context, guessBuckets(context, email, web));
  const { identity, unsealed } = context;
  const person = await persons.findPerson(unsealed, { email });
  if (!(await verifyPassword(person?.password ?? null, password)) || person === undefined) {
    if (tenantId !== undefined) await recordFailure(identity, tenantId, 'password', email, web);
    throw new Refusal('CREDENTIAL_INVALID');
  }
  if (person.password !== null && needsRehash(person.password)) {
    const hash = await hashPassword(password);
    if (await persons.replacePassword(unsealed, person, hash)) return { ...person, password: hash };
  }
  return person;
}

async function recordFailure(
  identity: Tenancy,
  tenantId: string,
  what: string,
  email: string,
  web: Web,
): Promise<void> {
  const { address, device, requestId } = web;
  await identity.withTenant(
    tenantId,
    's:gateway',
    // a form's field may be anything; the longest address has 254
    () => note(identity, 'signin.failed', what, { email: email.slice(0, 254), address, device }),
    { requestId },
  );
}

/** Says whether a second factor of the person is in force. */
export function hasFactor(person: persons.PersonRow): boolean {
  return person.totp_step !== null && person.totp_secret !== null;
}

/** Takes a code of the authenticator or a recovery code, each once. @throws Refusal CREDENTIAL_INVALID, RATE_LIMITED. */
export async function checkFactor(
  context: IdentityContext,
  person: persons.PersonRow,
  otp: string,
  web: Web,
): Promise<void> {
  const device = knownDevice(context.deviceKey, person.email, web.cookie(DEVICE_COOKIE) ?? '') ?? '';
  await throttle(context, [
    addressBucket(web),
    { key: throttleKey('factor', person.id, device), capacity: 5, perSecond: 1 / 60 },
  ]);
  const good = await takeFactor(context, context.unsealed, person, otp);
  if (!good) throw new Refusal('CREDENTIAL_INVALID');
}

async function takeFactor(
  { rootKey }: IdentityContext,
  db: Pick<Unscoped, 'query'>,
  person: persons.PersonRow,
  otp: string,
): Promise<boolean> {
  if (person.totp_secret === null) return false;
  if (!/^[\d ]{6,7}$/.test(otp)) return await persons.takeRecoveryCode(db, person.id, recoveryHash(person.id, otp));
  const step = factorStep(unwrap(rootKey, FACTOR_PURPOSE, person.id, person.totp_secret), otp, Date.now());
  return step !== undefined && (await persons.takeStep(db, person.id, step));
}

/** A browser's new sign-in: the secret of its cookie, and whether the second factor is still to be shown. */
export interface BrowserLogin {
  id: string;
  secret: string;
  pending: boolean;
  device: string;
}

/**
 * Makes a browser's sign-in of a person whose password was checked; the one that its cookie named before ends, whose
 * ever it was, with its sessions in all tenants. With a second factor to come it lasts five minutes and opens nothing.
 * @throws Refusal CREDENTIAL_INVALID when the password was changed since.
 */
export async function startLogin(
  context: IdentityContext,
  person: persons.PersonRow,
  web: Web,
  { factor = false, before }: { factor?: boolean; before?: Pick<logins.LoginRow, 'id' | 'person_id'> | undefined } = {},
): Promise<BrowserLogin> {
  const secret = newOpaque();
  const pending = hasFactor(person) && !factor;
  const id = await context.unsealed.transaction(async (tx) => {
    const made = await logins.insertLogin(tx, {
      person,
      kind: 'browser',
      hash: hashOf(secret),
      device: web.device,
      address: web.address,
      factor,
      pending,
      seconds: pending ? PENDING_S : LOGIN_S,
    });
    if (made === undefined) throw new Refusal('CREDENTIAL_INVALID');
    if (before !== undefined && (await logins.deleteLogin(tx, before.person_id, before.id)))
      await tx.query(logins.revocation(`l:${before.id}`));
    return made;
  });
  if (before !== undefined) await context.feed.poll();
  const device = newDevice(context.deviceKey, person.email, web.cookie(DEVICE_COOKIE) ?? '');
  return { id, secret, pending, device };
}

/** Shows the second factor of a pending sign-in, which gets another cookie. @throws Refusal CREDENTIAL_INVALID. */
export async function finishLogin(
  context: IdentityContext,
  login: logins.LoginRow,
  person: persons.PersonRow,
  otp: string,
  web: Web,
): Promise<string> {
  const { unsealed } = context;
  const counted = await logins.countTry(unsealed, login.id);
  if (!counted) throw new Refusal('CREDENTIAL_INVALID');
  await checkFactor(context, person, otp, web);
  const secret = newOpaque();
  const done = await logins.completeLogin(unsealed, login.id, hashOf(secret), LOGIN_S);
  if (!done) throw new Refusal('CREDENTIAL_INVALID');
  return secret;
}
