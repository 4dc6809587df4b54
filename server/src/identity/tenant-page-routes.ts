import type { Tenant } from '@businessos/contract';
import type { PageRequest, PageRoute } from '../gateway/pages.ts';
import { hostCookie } from '../http/cookies.ts';
import { donePage } from '../pages/notices.ts';
import { signedOutPage } from '../pages/sign-in.ts';
import { tenantPage } from '../pages/tenant-page.ts';
import { Refusal } from '../refusal.ts';
import type { Authenticator, Rights } from './authenticate.ts';
import { isServed, SESSION_COOKIE, startFlow, startSession } from './browser.ts';
import type { IdentityContext } from './context.ts';
import { findMember } from './member-store.ts';
import { endLogin } from './own.ts';
import { frameOf } from './page-frame.ts';

/** The pages at a tenant's own address until its console is there: who is signed in, and the way in and out. */
export function tenantPageRoutes(context: IdentityContext, authenticator: Authenticator): PageRoute[] {
  const { tenants, origin, identity } = context;

  async function tenantOf({ host }: PageRequest): Promise<Tenant> {
    const tenant = host.kind === 'tenant' ? await tenants.find({ slug: host.slug }) : undefined;
    if (tenant === undefined || !isServed(tenant)) throw new Refusal('NOT_FOUND');
    return tenant;
  }

  /** Who is signed in here; undefined for a browser that is not, or no longer. */
  async function rightsOf({ web }: PageRequest, { slug }: Tenant): Promise<Rights | undefined> {
    const session = web.cookie(SESSION_COOKIE);
    if (session === undefined) return undefined;
    try {
      return await authenticator.resolve({
        hostSlug: slug,
        headerSlug: undefined,
        bearer: undefined,
        session,
        web,
      });
    } catch (error) {
      if (error instanceof Refusal && error.code === 'CREDENTIAL_INVALID') return undefined;
      throw error;
    }
  }

  const route = (
    method: 'GET' | 'POST',
    path: string,
    handle: (request: PageRequest, tenant: Tenant) => ReturnType<PageRoute['handle']>,
  ): PageRoute => ({
    hosts: ['tenant'],
    method,
    path,
    handle: async (request) => await handle(request, await tenantOf(request)),
  });

  return [
    route('GET', '/', async (request, tenant) => {
      const frame = frameOf(origin(tenant.slug));
      const rights = await rightsOf(request, tenant);
      const member =
        rights && (await identity.withTenant(tenant.id, rights.principal, () => findMember(identity, rights.personId)));
      const signInHref = '/signin';
      if (member === undefined) {
        const ended = request.web.cookie(SESSION_COOKIE) !== undefined;
        const html = tenantPage({ ...frame, business: tenant, signInHref, ended });
        return { html, cookies: ended ? [hostCookie(SESSION_COOKIE, '', 0)] : [] };
      }
      const { name, email, role } = member;
      const curl = `curl "${origin(tenant.slug)}/v1/contacts?limit=3&sort=name" \\\n  -H "Authorization: Bearer $TOKEN"`;
      return {
        html: tenantPage({
          ...frame,
          business: tenant,
          signInHref,
          signedIn: {
            name,
            email,
            role,
            signOut: { action: '/signout', csrf: request.csrf },
            chooseHref: `${origin('id')}/choose`,
            meHref: `${origin('id')}/me`,
            curl,
            docs: { href: `${origin('api')}/docs`, text: 'API description' },
          },
        }),
      };
    }),
    route('GET', '/signin', async ({ query, web }, tenant) => {
      const { location, cookie } = startFlow(context, tenant, query['back'] ?? '/', query['again'] === '1', web);
      return { location, cookies: [cookie] };
    }),
    route('GET', '/session', async (request, tenant) => {
      try {
        return await startSession(context, tenant, request.query['code'] ?? '', request.web);
      } catch (error) {
        if (!(error instanceof Refusal) || error.code !== 'LINK_USED') throw error;
        // whoever came back by the browser's history, or in another tab, is in already; whoever took too long begins
        // again without noticing, unless his browser keeps no cookies, which would have no end
        if ((await rightsOf(request, tenant)) !== undefined) return { location: '/' };
        if (request.returning) return { location: '/signin' };
        const text = 'A sign-in begins and ends in one browser, within a few minutes.';
        const next = { href: '/signin', text: 'Sign in' };
        const about = { ...frameOf(origin(tenant.slug)), business: tenant, failed: true };
        return { html: donePage({ ...about, title: 'Sign in once more', text, next }), refused: error };
      }
    }),
    route('POST', '/signout', async (request, tenant) => {
      const rights = await rightsOf(request, tenant);
      if (rights?.loginId !== undefined) {
        await endLogin(context, rights.personId, rights.loginId).catch((error: unknown) => {
          if (!(error instanceof Refusal) || error.code !== 'NOT_FOUND') throw error;
        });
      }
      // without a session here nobody knows which sign-in of this browser to end
      const location = rights === undefined ? '/signed-out?elsewhere=1' : '/signed-out';
      return { location, cookies: [hostCookie(SESSION_COOKIE, '', 0)] };
    }),
    route('GET', '/signed-out', async ({ query }, tenant) => ({
      html: signedOutPage({
        ...frameOf(origin(tenant.slug)),
        business: tenant,
        signInHref: '/signin',
        elsewhereHref: query['elsewhere'] === '1' ? `${origin('id')}/choose` : undefined,
      }),
    })),
  ];
}
