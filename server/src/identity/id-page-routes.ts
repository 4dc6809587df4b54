import { check, plans, type SignupRequest, signupRequest, type Tenant } from '@businessos/contract';
import type { PageAnswer, PageRequest, PageRoute } from '../gateway/pages.ts';
import { hostCookie } from '../http/cookies.ts';
import { choosePage } from '../pages/choose.ts';
import { factorPage } from '../pages/factor.ts';
import { invitationPage } from '../pages/invitation.ts';
import { mailedPage } from '../pages/mailed.ts';
import { donePage, linkEndedPage, momentPage, suspendedPage } from '../pages/notices.ts';
import { resetPage, resetRequestPage } from '../pages/reset.ts';
import { signedOutPage, signInPage } from '../pages/sign-in.ts';
import { signUpConfirmPage, signUpPage } from '../pages/sign-up.ts';
import { Refusal } from '../refusal.ts';
import { enterTenant, isFlow, switcher } from './browser.ts';
import type { IdentityContext } from './context.ts';
import { DEVICE_S } from './id-routes.ts';
import * as links from './links.ts';
import { acceptInvitation, openInvitation } from './members.ts';
import * as own from './own.ts';
import { frameOf, problemsOf, statusOf } from './page-frame.ts';
import { findPerson, type PersonRow } from './person-store.ts';
import { checkPassword, DEVICE_COOKIE, finishLogin, LOGIN_S, startLogin } from './sign-in.ts';

/** Where somebody is on the way to: a tenant's slug, and the flow that his browser began there. */
interface Way {
  to: string | undefined;
  flow: string | undefined;
}

/** The pages of the identity host on which somebody gets in: sign-up, sign-in, reset, invitation, choose. */
export function idPageRoutes(context: IdentityContext, { outbox }: { outbox: boolean }): PageRoute[] {
  const { tenants, origin } = context;
  const frame = frameOf(origin('id'));

  /** What comes once somebody is signed in: the tenant that he wanted, or the choice. `posted`: no redirect to another host. */
  async function goOn(
    login: own.OwnLogin,
    { to, flow }: Way,
    posted: boolean,
    cookies: string[] = [],
  ): Promise<PageAnswer> {
    if (to === undefined) return { location: '/choose', cookies };
    try {
      const href = flow === undefined ? `${origin(to)}/signin` : await enterTenant(context, login, to, flow);
      if (!posted) return { location: href, cookies };
      return { html: momentPage({ ...frame, business: await business(to), href }), refresh: href, cookies };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.code === 'FACTOR_NEEDED') return { location: `/me/factor?to=${to}`, cookies };
      if (error.code === 'NOT_FOUND') return { location: '/choose', cookies };
      const tenant = error.code === 'TENANT_SUSPENDED' && (await tenants.find({ slug: to }));
      if (!tenant) throw error;
      return { html: suspendedPage({ ...frame, business: tenant, chooseHref: '/choose' }), status: 403, cookies };
    }
  }

  /** Signs a person in whose password was checked, or just chosen. */
  async function enter(person: PersonRow, way: Way, { web }: PageRequest): Promise<PageAnswer> {
    const before = await own.findLogin(context, web);
    const login = await startLogin(context, person, web, {
      before: before?.person.id === person.id ? before.login.id : undefined,
    });
    const cookies = [
      hostCookie(own.LOGIN_COOKIE, login.secret, login.pending ? 300 : LOGIN_S),
      hostCookie(DEVICE_COOKIE, login.device, DEVICE_S),
    ];
    if (login.pending) return { location: `/factor${queryOf(way)}`, cookies };
    const row = await own.loginById(context, login.id, person);
    return await goOn(row, way, true, cookies);
  }

  async function business(slug: string | undefined): Promise<Tenant | undefined> {
    const tenant = slug === undefined ? undefined : await tenants.find({ slug });
    return tenant && ['open', 'read_only', 'deleting'].includes(tenant.mode) ? tenant : undefined;
  }

  async function personOf(email: string): Promise<PersonRow> {
    const person = await findPerson(context.unsealed, { email });
    if (person === undefined) throw new Refusal('LINK_USED');
    return person;
  }

  const signIn = async ({ query, form, csrf }: PageRequest, error?: unknown): Promise<PageAnswer> => ({
    html: signInPage({
      ...frame,
      business: await business(wayOf(query).to),
      again: query['again'] === '1' && error === undefined,
      action: `/signin${queryOf(wayOf(query))}`,
      csrf,
      problems: problemsOf(error),
      typed: { email: form['email'] },
      resetHref: '/reset',
      signUpHref: '/signup',
    }),
    status: statusOf(error),
  });

  const factor = async ({ query, csrf }: PageRequest, error?: unknown): Promise<PageAnswer> => ({
    html: factorPage({
      ...frame,
      business: await business(wayOf(query).to),
      action: `/factor${queryOf(wayOf(query))}`,
      csrf,
      problems: problemsOf(error),
      signInHref: `/signin${queryOf(wayOf(query))}`,
    }),
    status: statusOf(error),
  });

  const signUp = async ({ form, csrf }: PageRequest, error?: unknown): Promise<PageAnswer> => ({
    html: signUpPage({
      ...frame,
      action: '/signup',
      csrf,
      suffix: origin('x').replace(/^https?:\/\/x/, ''),
      regions: (await context.regions()).map((value) => ({ value, name: value.toUpperCase() })),
      problems: problemsOf(error),
      typed: form,
      signInHref: '/signin',
    }),
    status: statusOf(error),
  });

  const signUpConfirm = async ({ rest, form, csrf }: PageRequest, error?: unknown): Promise<PageAnswer> => {
    const { link, person } = await links.openLink(context, 'signup', rest);
    const wish = link.body as unknown as SignupRequest;
    return {
      html: signUpConfirmPage({
        ...frame,
        action: `/signup/${rest}`,
        csrf,
        business: { ...wish, address: frameOf(origin(wish.slug)).address, region: wish.region.toUpperCase() },
        email: link.email,
        known: Boolean(person?.password),
        problems: problemsOf(error),
        typed: { name: form['name'] },
      }),
      status: statusOf(error),
    };
  };

  const resetRequest = async ({ form, csrf }: PageRequest, error?: unknown): Promise<PageAnswer> => ({
    html: resetRequestPage({
      ...frame,
      action: '/reset',
      csrf,
      problems: problemsOf(error),
      typed: { email: form['email'] },
      signInHref: '/signin',
    }),
    status: statusOf(error),
  });

  const reset = async ({ rest, csrf }: PageRequest, error?: unknown): Promise<PageAnswer> => {
    const { link } = await links.openLink(context, 'reset', rest);
    const action = `/reset/${rest}`;
    return {
      html: resetPage({ ...frame, action, csrf, email: link.email, problems: problemsOf(error) }),
      status: statusOf(error),
    };
  };

  const invitation = async ({ rest, form, csrf }: PageRequest, error?: unknown): Promise<PageAnswer> => {
    const { tenant, invitation: found, inviter, person } = await openInvitation(context, rest);
    return {
      html: invitationPage({
        ...frame,
        action: `/invitation/${rest}`,
        csrf,
        business: tenant,
        role: found.role,
        inviter: inviter ?? tenant.name,
        email: found.email,
        known: Boolean(person?.password),
        problems: problemsOf(error),
        typed: { name: form['name'] },
      }),
      status: statusOf(error),
    };
  };

  const nameAndPassword = ({ rest, form }: PageRequest) => ({
    token: rest,
    password: form['password'] ?? '',
    ...(form['name']?.trim() && { person_name: form['name'].trim().slice(0, 100) }),
  });

  const ended = (about: 'signup' | 'reset' | 'invitation', againHref?: string) => (error: unknown) => {
    if (!(error instanceof Refusal) || error.code !== 'LINK_USED') throw error;
    return { html: linkEndedPage({ ...frame, about, againHref, signInHref: '/signin' }), status: 410 };
  };

  const get = (path: string, handle: PageRoute['handle']): PageRoute => ({
    hosts: ['id'],
    method: 'GET',
    path,
    handle,
  });
  /** A form that is shown again with what was refused in it. */
  const post = (
    path: string,
    again: (request: PageRequest, error: unknown) => Promise<PageAnswer>,
    handle: PageRoute['handle'],
  ): PageRoute => ({
    hosts: ['id'],
    method: 'POST',
    path,
    handle: async (request) => {
      try {
        return await handle(request);
      } catch (error) {
        if (statusOf(error) >= 500 || (error instanceof Refusal && error.code === 'LINK_USED')) throw error;
        return await again(request, error);
      }
    },
  });
  const orEnded =
    (end: (error: unknown) => PageAnswer, handle: PageRoute['handle']): PageRoute['handle'] =>
    (request) =>
      handle(request).catch(end);
  const withEnd = (route: PageRoute, end: (error: unknown) => PageAnswer): PageRoute => ({
    ...route,
    handle: orEnded(end, route.handle),
  });

  return [
    get('/', async () => ({ location: '/choose' })),
    get('/signin', async (request) => {
      const login = await own.findLogin(context, request.web);
      const old = request.query['again'] === '1' && login !== undefined && !own.isRecent(login);
      return login === undefined || old ? await signIn(request) : await goOn(login, wayOf(request.query), false);
    }),
    post('/signin', signIn, async (request) => {
      const { form, query, web } = request;
      const way = wayOf(query);
      const tenant = await business(way.to);
      const email = (form['email'] ?? '').trim().toLowerCase();
      const person = await checkPassword(
        context,
        { email, password: form['password'] ?? '' },
        web,
        tenant?.mode === 'open' ? tenant.id : undefined,
      );
      return await enter(person, way, request);
    }),
    get('/factor', async (request) => {
      const login = await own.findLogin(context, request.web, { pending: true });
      return login ? await factor(request) : { location: `/signin${queryOf(wayOf(request.query))}` };
    }),
    post('/factor', factor, async (request) => {
      const { web, form, query } = request;
      const login = await own.findLogin(context, web, { pending: true });
      if (login === undefined) return { location: `/signin${queryOf(wayOf(query))}` };
      const secret = await finishLogin(
        context,
        login.login,
        login.person,
        form['code'] || form['recovery_code'] || '',
        web,
      );
      const row = await own.loginById(context, login.login.id, login.person);
      return await goOn(row, wayOf(query), true, [hostCookie(own.LOGIN_COOKIE, secret, LOGIN_S)]);
    }),
    get('/signup', signUp),
    post('/signup', signUp, async ({ form, web }) => {
      const { csrf: _, ...fields } = form;
      const plan = fields['plan'] ?? plans[0];
      const wish = check(signupRequest, { ...fields, plan });
      if (!wish.ok) throw new Refusal('REQUEST_INVALID', { errors: wish.errors });
      await links.requestSignup(context, wish.value, web);
      return {
        html: mailedPage({
          ...frame,
          about: 'signup',
          email: wish.value.email,
          againHref: '/signup',
          outboxHref: outbox ? '/outbox' : undefined,
        }),
      };
    }),
    get('/signup/*', orEnded(ended('signup', '/signup'), signUpConfirm)),
    withEnd(
      post('/signup/*', signUpConfirm, async (request) => {
        const { tenant, email } = await links.confirmSignup(context, nameAndPassword(request), request.web);
        return await enter(await personOf(email), { to: tenant.slug, flow: undefined }, request);
      }),
      ended('signup', '/signup'),
    ),
    get('/reset', resetRequest),
    post('/reset', resetRequest, async ({ form, web }) => {
      const email = check(signupRequest.shape.email, form['email'] ?? '', 'email');
      if (!email.ok) throw new Refusal('REQUEST_INVALID', { errors: email.errors });
      await links.requestReset(context, email.value, web);
      return {
        html: mailedPage({
          ...frame,
          about: 'reset',
          email: email.value,
          againHref: '/reset',
          outboxHref: outbox ? '/outbox' : undefined,
        }),
      };
    }),
    get('/reset/*', orEnded(ended('reset', '/reset'), reset)),
    withEnd(
      post('/reset/*', reset, async ({ rest, form }) => {
        await links.confirmReset(context, { token: rest, password: form['password'] ?? '' });
        return {
          html: donePage({
            ...frame,
            title: 'Your password is changed',
            text: 'Everything that was signed in as you is signed out. Sign in with the new password.',
            next: { href: '/signin', text: 'Sign in' },
          }),
        };
      }),
      ended('reset', '/reset'),
    ),
    get('/invitation/*', orEnded(ended('invitation'), invitation)),
    withEnd(
      post('/invitation/*', invitation, async (request) => {
        const { tenant, email } = await acceptInvitation(context, nameAndPassword(request), request.web);
        return await enter(await personOf(email), { to: tenant.slug, flow: undefined }, request);
      }),
      ended('invitation'),
    ),
    get('/choose', async ({ web, csrf }) => {
      const login = await own.findLogin(context, web);
      if (login === undefined) return { location: '/signin' };
      const businesses = (await switcher(context, login.person.id)).map(({ slug, name }) => ({
        slug,
        name,
        href: `${origin(slug)}/signin`,
        address: frameOf(origin(slug)).address,
      }));
      const signOut = { action: '/signout', csrf };
      const { email } = login.person;
      return { html: choosePage({ ...frame, businesses, email, meHref: '/me', signUpHref: '/signup', signOut }) };
    }),
    {
      hosts: ['id'],
      method: 'POST',
      path: '/signout',
      handle: async ({ web }) => {
        const login = await own.findLogin(context, web);
        if (login) await own.endLogin(context, login.person.id, login.login.id);
        return { location: '/signed-out', cookies: [hostCookie(own.LOGIN_COOKIE, '', 0)] };
      },
    },
    get('/signed-out', async ({ query }) => ({
      html: signedOutPage({ ...frame, signInHref: '/signin', everywhere: query['everywhere'] === '1' }),
    })),
  ];
}

function wayOf(query: Record<string, string>): Way {
  const { to, flow } = query as { to?: string; flow?: string };
  const known = to !== undefined && /^[a-z][a-z0-9-]{2,39}$/.test(to) ? to : undefined;
  return { to: known, flow: known !== undefined && flow !== undefined && isFlow(flow) ? flow : undefined };
}

function queryOf({ to, flow }: Way): string {
  const query = new URLSearchParams({ ...(to !== undefined && { to }), ...(flow !== undefined && { flow }) });
  return query.size > 0 ? `?${query}` : '';
}
