import type { Tenant } from '@businessos/contract';
import type { PageAnswer } from '../gateway/pages.ts';
import { hostCookie } from '../http/cookies.ts';
import type { Web } from '../http/web.ts';
import { momentPage, suspendedPage } from '../pages/notices.ts';
import { Refusal } from '../refusal.ts';
import { enterTenant, isFlow, isServed } from './browser.ts';
import type { IdentityContext } from './context.ts';
import { newDevice } from './device-cookie.ts';
import * as own from './own.ts';
import { frameOf } from './page-frame.ts';
import type { PersonRow } from './person-store.ts';
import { DEVICE_COOKIE, DEVICE_S, hasFactor, LOGIN_S, startLogin } from './sign-in.ts';
import { memberOf } from './tokens.ts';

/** Pages of a person's own that ask for a sign-in first, by the name that comes back from it. */
const NEXT = { me: '/me', factor: '/me/factor', remove: '/me/factor/remove' } as const;

/** Where somebody is on the way to: a tenant's slug with the flow that his browser began there, or a page of his own. */
export interface Way {
  to?: string | undefined;
  flow?: string | undefined;
  next?: keyof typeof NEXT | undefined;
}

/** Reads a way from a query; what it cannot be is left out. */
export function wayOf({ to, flow, next }: Record<string, string>): Way {
  const known = to !== undefined && /^[a-z][a-z0-9-]{2,39}$/.test(to) ? to : undefined;
  return {
    to: known,
    flow: known !== undefined && flow !== undefined && isFlow(flow) ? flow : undefined,
    next: next !== undefined && Object.hasOwn(NEXT, next) ? (next as keyof typeof NEXT) : undefined,
  };
}

/** Writes a way as a query, '' for none. `again`: the password is asked once more, `factor` for the factor's sake. */
export function queryOf({ to, flow, next }: Way, again?: '1' | 'factor'): string {
  const query = new URLSearchParams({
    ...(again !== undefined && { again }),
    ...(to !== undefined && { to }),
    ...(flow !== undefined && { flow }),
    ...(next !== undefined && { next }),
  });
  return query.size > 0 ? `?${query}` : '';
}

/** What comes once a person's password was checked, or once somebody is signed in. */
export function waysIn(context: IdentityContext) {
  const { tenants, origin, deviceKey } = context;
  const frame = frameOf(origin('id'));

  /** The business that a page may name to everybody. */
  async function business(slug: string | undefined): Promise<Tenant | undefined> {
    const tenant = slug === undefined ? undefined : await tenants.find({ slug });
    return tenant && isServed(tenant) ? tenant : undefined;
  }

  /**
   * Goes on to the tenant that somebody wanted, to a page of his own, or to the choice. `posted`: a form brought him
   * here, so that no redirect may leave this host (CSP `form-action`).
   */
  async function goOn(login: own.OwnLogin, way: Way, posted: boolean, cookies: string[] = []): Promise<PageAnswer> {
    const { to, flow, next } = way;
    if (next !== undefined) return { location: `${NEXT[next]}${queryOf({ to })}`, cookies };
    if (to === undefined) return { location: '/choose', cookies };
    try {
      if (flow === undefined) await memberOf(context, login.person.id, await tenants.find({ slug: to }));
      const href = flow === undefined ? `${origin(to)}/signin` : await enterTenant(context, login, to, flow);
      if (!posted) return { location: href, cookies };
      return { html: momentPage({ ...frame, business: await business(to), href }), refresh: href, cookies };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.code === 'FACTOR_NEEDED')
        return {
          location: hasFactor(login.person) ? `/signin${queryOf(way, 'factor')}` : `/me/factor${queryOf({ to })}`,
          cookies,
        };
      if (error.code === 'NOT_FOUND') return { location: `/choose?not=${to}`, cookies };
      const tenant = error.code === 'TENANT_SUSPENDED' && (await tenants.find({ slug: to }));
      if (!tenant) throw error;
      return { html: suspendedPage({ ...frame, business: tenant, chooseHref: '/choose' }), status: 403, cookies };
    }
  }

  /** The cookie by which this browser is known from now on as one that the person signed in from. */
  function deviceCookie({ email }: Pick<PersonRow, 'email'>, web: Web): string {
    return hostCookie(DEVICE_COOKIE, newDevice(deviceKey, email, web.cookie(DEVICE_COOKIE) ?? ''), DEVICE_S);
  }

  /** Signs a person in whose password was checked, or just chosen; whoever was signed in here before is signed out. */
  async function enter(person: PersonRow, way: Way, web: Web): Promise<PageAnswer> {
    const before = await own.findLogin(context, web);
    const login = await startLogin(context, person, web, { before: before?.login });
    const cookie = hostCookie(own.LOGIN_COOKIE, login.secret, login.pending ? 300 : LOGIN_S);
    // with a second factor to come this browser is not known yet: each known one has tries of its own
    if (login.pending) return { location: `/factor${queryOf(way)}`, cookies: [cookie] };
    const row = await own.loginById(context, login.id, person);
    return await goOn(row, way, true, [cookie, deviceCookie(person, web)]);
  }

  return { business, goOn, enter, deviceCookie };
}
