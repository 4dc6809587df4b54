import type { Web } from '../http/web.ts';
import { Refusal } from '../refusal.ts';
import type { IdentityContext } from './context.ts';
import { factorStep, factorUri, newFactorSecret, newRecoveryCodes, recoveryHash } from './factor.ts';
import { unwrap, wrap } from './installation-key.ts';
import { chosen } from './links.ts';
import * as logins from './login-store.ts';
import { voidLinks } from './mail-store.ts';
import { RECENT_S } from './members.ts';
import { parseOpaque } from './opaque.ts';
import * as persons from './person-store.ts';
import { addressBucket, checkPassword, FACTOR_PURPOSE, hasFactor, throttle } from './sign-in.ts';
import { throttleKey } from './throttle-store.ts';

export const LOGIN_COOKIE = '__Host-bos-id';

/** A browser that is signed in at the identity host, and whose it is. */
export interface OwnLogin {
  login: logins.LoginRow;
  person: persons.PersonRow;
}

/** The sign-in of a request's cookie; also one whose second factor is still to be shown, where `pending` is set. */
export async function findLogin(
  { unsealed }: IdentityContext,
  web: Web,
  { pending = false }: { pending?: boolean } = {},
): Promise<OwnLogin | undefined> {
  const hash = parseOpaque(web.cookie(LOGIN_COOKIE) ?? '');
  if (hash === undefined) return undefined;
  const login = await logins.findLogin(unsealed, hash);
  if (login === undefined || (login.tries !== null) !== pending) return undefined;
  const person = await persons.findPerson(unsealed, { id: login.person_id });
  return person && { login, person };
}

/** A sign-in that was just made or finished. */
export async function loginById(
  { unsealed }: IdentityContext,
  id: string,
  person: persons.PersonRow,
): Promise<OwnLogin> {
  const login = await logins.readLogin(unsealed, id);
  if (login === undefined) throw new Refusal('CREDENTIAL_INVALID');
  return { login, person };
}

/** Says whether the password was shown within ten minutes. */
export function isRecent({ login }: OwnLogin): boolean {
  return Date.now() - login.auth_at.getTime() <= RECENT_S * 1_000;
}

/** @throws Refusal CREDENTIAL_MISSING, CREDENTIAL_INVALID; STEP_UP_NEEDED where it must be recent and is not. */
export async function requireLogin(context: IdentityContext, web: Web, recent: boolean): Promise<OwnLogin> {
  const own = await findLogin(context, web);
  if (own === undefined)
    throw new Refusal(web.cookie(LOGIN_COOKIE) === undefined ? 'CREDENTIAL_MISSING' : 'CREDENTIAL_INVALID');
  if (recent && !isRecent(own)) throw new Refusal('STEP_UP_NEEDED');
  return own;
}

/** Ends one sign-in of a person, with every session and token that came of it. @throws Refusal NOT_FOUND. */
export async function endLogin({ unsealed, feed }: IdentityContext, personId: string, loginId: string): Promise<void> {
  await unsealed.transaction(async (tx) => {
    if (!(await logins.deleteLogin(tx, personId, loginId))) throw new Refusal('NOT_FOUND');
    await tx.query(logins.revocation(`l:${loginId}`));
  });
  await feed.learn();
}

/** Ends all sign-ins of a person, everywhere. */
export async function endAllLogins({ unsealed, feed }: IdentityContext, personId: string): Promise<void> {
  await unsealed.transaction(async (tx) => {
    await logins.deleteLogins(tx, personId);
    await tx.query(logins.revocation(`p:${personId}`));
  });
  await feed.learn();
}

/** Changes the password of whoever knows the present one; every other sign-in and mailed link ends. @throws Refusal. */
export async function changePassword(
  context: IdentityContext,
  { login, person }: OwnLogin,
  { current, password }: { current: string; password: string },
  web: Web,
): Promise<void> {
  const { unsealed, feed } = context;
  const checked = await checkPassword(context, { email: person.email, password: current }, web);
  const hashed = await chosen(context, password, { email: person.email, name: person.name });
  await unsealed.transaction(async (tx) => {
    await voidLinks(tx, person); // links before the person, as whoever uses one locks them
    if (!(await persons.replacePassword(tx, checked, hashed))) throw new Refusal('CREDENTIAL_INVALID');
    for (const id of await logins.deleteLogins(tx, person.id, login.id)) await tx.query(logins.revocation(`l:${id}`));
  });
  await feed.learn();
}

/** Begins a second factor, in force once its first code is shown. @throws Refusal CONFLICT when there is one. */
export async function startFactor(
  { unsealed, rootKey }: IdentityContext,
  person: persons.PersonRow,
): Promise<{ secret: Buffer; uri: string }> {
  const wrapped = wrap(rootKey, FACTOR_PURPOSE, person.id, newFactorSecret());
  const started = await persons.startFactor(unsealed, person.id, wrapped);
  // what another tab began stays: a secret that was shown already may be in an authenticator
  const now = started
    ? { totp_secret: wrapped, totp_step: null }
    : await persons.findPerson(unsealed, { id: person.id });
  if (!now?.totp_secret || now.totp_step !== null) throw factorThere();
  const secret = unwrap(rootKey, FACTOR_PURPOSE, person.id, now.totp_secret);
  return { secret, uri: factorUri({ secret, issuer: 'BusinessOS', email: person.email }) };
}

/**
 * Puts the second factor in force by its first code, which counts as shown in this sign-in; returns recovery codes, once.
 * @throws Refusal CREDENTIAL_INVALID, RATE_LIMITED, CONFLICT.
 */
export async function confirmFactor(
  context: IdentityContext,
  { login, person }: OwnLogin,
  otp: string,
  web: Web,
): Promise<string[]> {
  if (hasFactor(person)) throw factorThere();
  const bucket = { key: throttleKey('factor', person.id, 'setup'), capacity: 5, perSecond: 1 / 60 };
  await throttle(context, [addressBucket(web), bucket]);
  const { unsealed, rootKey } = context;
  const secret = person.totp_secret && unwrap(rootKey, FACTOR_PURPOSE, person.id, person.totp_secret);
  const step = secret ? factorStep(secret, otp, Date.now()) : undefined;
  if (step === undefined) throw new Refusal('CREDENTIAL_INVALID');
  const codes = newRecoveryCodes();
  await unsealed.transaction(async (tx) => {
    if (!(await persons.enactFactor(tx, person, step))) throw factorThere();
    await logins.markFactor(tx, login.id);
    await persons.setRecoveryCodes(
      tx,
      person.id,
      codes.map((code) => recoveryHash(person.id, code)),
    );
  });
  return codes;
}

/** Takes the second factor away, with its recovery codes. */
export async function removeFactor({ unsealed }: Pick<IdentityContext, 'unsealed'>, personId: string): Promise<void> {
  await unsealed.transaction((tx) => persons.dropFactor(tx, personId));
}

export async function ownLogins({ unsealed }: IdentityContext, personId: string): Promise<logins.LoginRow[]> {
  return await logins.listLogins(unsealed, personId);
}

function factorThere(): Refusal {
  return new Refusal('CONFLICT', {
    errors: [{ field: 'factor', problem: 'is set up already', fix: 'remove it first' }],
  });
}

/** The present address of a person, '' of nobody. */
export async function emailOf({ unsealed }: IdentityContext, personId: string): Promise<string> {
  const person = await persons.findPerson(unsealed, { id: personId });
  return person?.email ?? '';
}
