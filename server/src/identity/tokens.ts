import { randomUUID } from 'node:crypto';
import type { Role, Tenant } from '@businessos/contract';
import type { Web } from '../http/web.ts';
import { Refusal } from '../refusal.ts';
import type { IdentityContext } from './context.ts';
import { note, readMember } from './credential-store.ts';
import type { Position } from './feed.ts';
import * as logins from './login-store.ts';
import { hashOf, newOpaque, parseOpaque } from './opaque.ts';
import { hasTenant } from './person-store.ts';
import { addressBucket, checkFactor, checkPassword, hasFactor, LOGIN_S, throttle } from './sign-in.ts';
import { OPERATOR_AUDIENCE, type SigningKeys, TENANT_AUDIENCE } from './signing-keys.ts';

const ACCESS_S = 300;

export interface TokenAnswer {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
  refresh_token: string;
}

/** A member, and the position of the feed in which one statement read the role. */
export interface Member extends Position {
  personId: string;
  tenantId: string;
  loginId?: string | undefined;
  role: Role;
}

/** Signs an access token of a member for one tenant. */
export function memberToken(keys: Pick<SigningKeys, 'sign'>, member: Member, seconds = ACCESS_S): string {
  const { personId: sub, tenantId: tid, loginId: lid, role, rev, gen } = member;
  return keys.sign({ aud: TENANT_AUDIENCE, sub, tid, ...(lid && { lid }), role, rev, gen }, seconds);
}

/** Signs a token of an operator. */
export function operatorToken(keys: Pick<SigningKeys, 'sign'>, seconds: number): string {
  return keys.sign({ aud: OPERATOR_AUDIENCE, sub: randomUUID() }, seconds);
}

/**
 * Finds the tenant and the role that a person has in it now.
 * @throws Refusal NOT_FOUND for whoever is no member, as for a tenant that is missing; TENANT_SUSPENDED for a member.
 */
export async function memberOf(
  context: IdentityContext,
  personId: string,
  tenant: Tenant | undefined,
): Promise<Omit<Member, 'loginId'> & { tenant: Tenant }> {
  const { identity, unsealed, feed } = context;
  if (tenant === undefined) throw new Refusal('NOT_FOUND');
  const has = await hasTenant(unsealed, personId, tenant.id);
  if (!has) throw new Refusal('NOT_FOUND');
  if (tenant.mode === 'suspended') throw new Refusal('TENANT_SUSPENDED');
  const { role, rev, gen } = await identity.withTenant(tenant.id, `u:${personId}`, () =>
    readMember(identity, personId),
  );
  if (role === null) throw new Refusal('NOT_FOUND');
  feed.seen({ rev, gen });
  return { tenant, personId, tenantId: tenant.id, role, rev, gen };
}

/** Grants tokens for a password. @throws Refusal CREDENTIAL_INVALID, FACTOR_NEEDED, NOT_FOUND, RATE_LIMITED, BUSY. */
export async function tokensByPassword(
  context: IdentityContext,
  request: { email: string; password: string; otp?: string | undefined; tenant: string },
  web: Web,
): Promise<TokenAnswer> {
  const { identity, tenants, keys } = context;
  const tenant = await tenants.find({ slug: request.tenant });
  const recorded = tenant?.mode === 'open' ? tenant.id : undefined;
  const person = await checkPassword(context, request, web, recorded);
  const factor = hasFactor(person);
  if (factor && request.otp === undefined) throw new Refusal('FACTOR_NEEDED');
  if (factor) await checkFactor(context, person, request.otp ?? '', web);
  const member = await memberOf(context, person.id, tenant);
  if (member.tenant.config.factor_required && !factor) throw new Refusal('FACTOR_NEEDED');
  const refresh = newOpaque();
  const loginId = await identity.withTenant(
    member.tenantId,
    `u:${person.id}`,
    () =>
      identity.transaction(async (tx) => {
        const id = await logins.insertLogin(tx, {
          person,
          kind: 'token',
          hash: null,
          device: web.device,
          address: web.address,
          factor,
          pending: false,
          seconds: LOGIN_S,
        });
        if (id === undefined) throw new Refusal('CREDENTIAL_INVALID'); // the password was changed meanwhile
        await logins.insertRefresh(tx, {
          hash: hashOf(refresh),
          loginId: id,
          tenantId: member.tenantId,
          seconds: LOGIN_S,
        });
        await note(tx, 'signin', 'token', { login: id, address: web.address, device: web.device });
        return id;
      }),
    { requestId: web.requestId },
  );
  return answer(memberToken(keys, { ...member, loginId }), refresh);
}

/**
 * Grants new tokens for a refresh token, which is used up. One that was used before ends the sign-in and all that came
 * of it: whoever of the two copied it.
 * @throws Refusal CREDENTIAL_INVALID, REFRESH_REUSED, NOT_FOUND, RATE_LIMITED.
 */
export async function tokensByRefresh(context: IdentityContext, text: string, web: Web): Promise<TokenAnswer> {
  const { identity, unsealed, tenants, feed, keys } = context;
  const hash = parseOpaque(text);
  const known = hash === undefined ? undefined : await logins.findRefresh(unsealed, hash);
  if (hash === undefined || known === undefined) {
    await throttle(context, [addressBucket(web)]);
    throw new Refusal('CREDENTIAL_INVALID');
  }
  const { person_id: personId, login_id: loginId, tenant_id: tenantId, factor } = known;
  const member = await memberOf(context, personId, await tenants.find({ id: tenantId }));
  if (member.tenant.config.factor_required && !factor) throw new Refusal('FACTOR_NEEDED');
  const refresh = newOpaque();
  const renewed = await unsealed.transaction(async (tx) => {
    if (!(await logins.useRefresh(tx, hash, loginId))) return false;
    await logins.insertRefresh(tx, { hash: hashOf(refresh), loginId, tenantId, seconds: LOGIN_S });
    await logins.touchLogin(tx, loginId);
    return true;
  });
  if (!renewed) {
    await identity.withTenant(
      tenantId,
      `u:${personId}`,
      () =>
        identity.transaction(async (tx) => {
          // it was not used but ended meanwhile, or another reuse was seen: nobody copied anything
          if (!(await logins.deleteLogin(tx, personId, loginId))) throw new Refusal('CREDENTIAL_INVALID');
          await note(tx, 'signin.reused', 'refresh', { login: loginId, address: web.address });
          await tx.query(logins.revocation(`l:${loginId}`), { last: true });
        }),
      { requestId: web.requestId },
    );
    await feed.learn();
    throw new Refusal('REFRESH_REUSED');
  }
  return answer(memberToken(keys, { ...member, loginId }), refresh);
}

function answer(accessToken: string, refreshToken: string): TokenAnswer {
  return { access_token: accessToken, token_type: 'Bearer', expires_in: ACCESS_S, refresh_token: refreshToken };
}
