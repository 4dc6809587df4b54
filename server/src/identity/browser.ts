import { createHash } from 'node:crypto';
import type { Tenant } from '@businessos/contract';
import { hostCookie } from '../http/cookies.ts';
import type { Web } from '../http/web.ts';
import { Refusal } from '../refusal.ts';
import type { IdentityContext } from './context.ts';
import { insertSession, note } from './credential-store.ts';
import * as logins from './login-store.ts';
import { hashOf, newOpaque, parseOpaque } from './opaque.ts';
import type { OwnLogin } from './own.ts';
import { tenantsOf } from './person-store.ts';
import { hasFactor } from './sign-in.ts';
import { memberOf } from './tokens.ts';

export const SESSION_COOKIE = '__Host-bos';
const FLOW_COOKIE = '__Host-bos-flow';
const FLOW_S = 600;
const SESSION_S = 12 * 3_600;
/** A local path to come back to: one slash, then nothing that a browser could read as another host. */
const LOCAL = /^\/(?![/\\])[A-Za-z0-9._~!$&'()*+,;=:@%/?-]{0,500}$/;

/**
 * Begins a sign-in at a tenant's host: the browser gets a secret, the identity host its hash. A browser that began one
 * already keeps its secret, so that two tabs do not end each other's.
 */
export function startFlow(context: IdentityContext, tenant: Tenant, back: string, again: boolean, web?: Web) {
  const [kept = ''] = (web?.cookie(FLOW_COOKIE) ?? '').split('.');
  const secret = parseOpaque(kept) === undefined ? newOpaque() : kept;
  const path = LOCAL.test(back) ? back : '/';
  const query = new URLSearchParams({ to: tenant.slug, flow: flowOf(secret), ...(again && { again: '1' }) });
  return {
    location: `${context.origin('id')}/signin?${query}`,
    cookie: hostCookie(FLOW_COOKIE, `${secret}.${Buffer.from(path).toString('base64url')}`, FLOW_S),
  };
}

/** Says whether a text is what `startFlow` hands over. */
export function isFlow(text: string): boolean {
  return parseOpaque(text) !== undefined;
}

/**
 * Makes the address that takes a browser into a tenant: a code of 30 seconds, once, for this login, tenant and flow.
 * The address is built of the tenant's row, never of what was sent.
 * @throws Refusal NOT_FOUND for whoever is no member, TENANT_SUSPENDED, FACTOR_NEEDED where the tenant demands one.
 */
export async function enterTenant(
  context: IdentityContext,
  { login, person }: OwnLogin,
  slug: string,
  flow: string,
): Promise<string> {
  const { unsealed, tenants, origin } = context;
  const { tenant } = await memberOf(context, person.id, await tenants.find({ slug }));
  if (tenant.config.factor_required && !(hasFactor(person) && login.factor_at !== null))
    throw new Refusal('FACTOR_NEEDED');
  const code = newOpaque();
  await logins.insertCode(unsealed, {
    hash: hashOf(code),
    tenantId: tenant.id,
    loginId: login.id,
    personId: person.id,
    flow: Buffer.from(flow, 'base64url'),
  });
  await logins.touchLogin(unsealed, login.id);
  return `${origin(tenant.slug)}/session?code=${code}`;
}

/**
 * Turns a code into a session at the tenant's host, in the browser that began the flow.
 * @throws Refusal LINK_USED for a code that is not this tenant's, this browser's, or was used.
 */
export async function startSession(
  context: IdentityContext,
  tenant: Tenant,
  code: string,
  web: Web,
): Promise<{ location: string; cookies: string[] }> {
  const { identity, unsealed } = context;
  const [secret = '', path = ''] = (web.cookie(FLOW_COOKIE) ?? '').split('.');
  const hash = parseOpaque(code);
  if (hash === undefined || parseOpaque(secret) === undefined) throw new Refusal('LINK_USED');
  const taken = await logins.takeCode(unsealed, hash, tenant.id, Buffer.from(flowOf(secret), 'base64url'));
  if (taken === undefined) throw new Refusal('LINK_USED');
  const session = newOpaque();
  const { login_id: loginId, person_id: personId } = taken;
  await identity.withTenant(
    tenant.id,
    `u:${personId}`,
    () =>
      identity.transaction(async (tx) => {
        await insertSession(tx, { hash: hashOf(session), loginId, personId, seconds: SESSION_S });
        await note(tx, 'signin', 'browser', { login: loginId, address: web.address, device: web.device });
      }),
    { requestId: web.requestId },
  );
  const back = Buffer.from(path, 'base64url').toString('utf8');
  return {
    location: LOCAL.test(back) ? back : '/',
    cookies: [hostCookie(SESSION_COOKIE, session, SESSION_S), hostCookie(FLOW_COOKIE, '', 0)],
  };
}

/** Says whether a tenant's address is one: a suspended one looks like a missing one to everybody but its people. */
export function isServed({ mode }: Pick<Tenant, 'mode'>): boolean {
  return ['open', 'read_only', 'deleting'].includes(mode);
}

/** The tenants of a person by name, suspended ones among them. */
export async function switcher(context: IdentityContext, personId: string): Promise<Tenant[]> {
  const { unsealed, tenants } = context;
  const ids = await tenantsOf(unsealed, personId);
  const found = await Promise.all(ids.map(async (id) => await tenants.find({ id })));
  return found
    .filter((tenant) => tenant !== undefined && (isServed(tenant) || tenant.mode === 'suspended'))
    .sort((a, b) => (a as Tenant).name.localeCompare((b as Tenant).name)) as Tenant[];
}

function flowOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
