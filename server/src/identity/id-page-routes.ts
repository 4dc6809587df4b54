import { check, plans, type SignupRequest, signupConfirm, signupRequest } from '@businessos/contract';
import type { PageAnswer, PageRequest, PageRoute } from '../gateway/pages.ts';
import { hostCookie } from '../http/cookies.ts';
import { choosePage } from '../pages/choose.ts';
import { factorPage } from '../pages/factor.ts';
import { invitationPage } from '../pages/invitation.ts';
import { mailedPage } from '../pages/mailed.ts';
import { donePage, linkEndedPage } from '../pages/notices.ts';
import { resetPage, resetRequestPage } from '../pages/reset.ts';
import { signedOutPage, signInPage } from '../pages/sign-in.ts';
import { signUpConfirmPage, signUpPage } from '../pages/sign-up.ts';
import { Refusal } from '../refusal.ts';
import { isServed, switcher } from './browser.ts';
import type { IdentityContext } from './context.ts';
import * as links from './links.ts';
import { acceptInvitation, openInvitation } from './members.ts';
import * as own from './own.ts';
import { frameOf, problemsOf, statusOf } from './page-frame.ts';
import { findPerson, type PersonRow } from './person-store.ts';
import { checkPassword, finishLogin, LOGIN_S } from './sign-in.ts';
import { queryOf, wayOf, waysIn } from './way-in.ts';

/** The pages of the identity host on which somebody gets in: sign-up, sign-in, reset, invitation, choose. */
export function idPageRoutes(context: IdentityContext, { outbox }: { outbox: boolean }): PageRoute[] {
  const { origin } = context;
  const frame = frameOf(origin('id'));
  const { business, goOn, enter, deviceCookie } = waysIn(context);

  async function personOf(email: string): Promise<PersonRow> {
    const person = await findPerson(context.unsealed, { email });
    if (person === undefined) throw new Refusal('LINK_USED');
    return person;
  }

  const signIn = async (
    { query, form, csrf }: PageRequest,
    error?: unknown,
    known?: PersonRow,
  ): Promise<PageAnswer> => ({
    html: signInPage({
      ...frame,
      business: await business(wayOf(query).to),
      again: query['again'] !== undefined && error === undefined,
      action: `/signin${queryOf(wayOf(query))}`,
      csrf,
      problems: problemsOf(error),
      typed: { email: form['email'] ?? known?.email },
      resetHref: '/reset',
      signUpHref: '/signup',
    }),
    refused: error,
  });

  const factor = async ({ query, form, csrf }: PageRequest, error?: unknown): Promise<PageAnswer> => ({
    html: factorPage({
      ...frame,
      business: await business(wayOf(query).to),
      action: `/factor${queryOf(wayOf(query))}`,
      csrf,
      problems: problemsOf(error, { wrong: form['recovery_code'] ? 'recovery_code' : 'code' }),
      signInHref: `/signin${queryOf(wayOf(query))}`,
    }),
    refused: error,
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
    refused: error,
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
      refused: error,
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
    refused: error,
  });

  const reset = async ({ rest, csrf }: PageRequest, error?: unknown): Promise<PageAnswer> => {
    const { link } = await links.openLink(context, 'reset', rest);
    const action = `/reset/${rest}`;
    return {
      html: resetPage({ ...frame, action, csrf, email: link.email, problems: problemsOf(error) }),
      refused: error,
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
        inviter,
        email: found.email,
        known: Boolean(person?.password),
        problems: problemsOf(error),
        typed: { name: form['name'] },
      }),
      refused: error,
    };
  };

  /** What a link's form says; without a name the person is called by the address. @throws Refusal REQUEST_INVALID. */
  const nameAndPassword = ({ rest, form }: PageRequest) => {
    const fields = { token: rest, password: form['password'] ?? '' };
    if (!form['name']?.trim()) return fields;
    const name = check(signupConfirm.shape.person_name, form['name'], 'name');
    if (!name.ok) throw new Refusal('REQUEST_INVALID', { errors: name.errors });
    return { ...fields, person_name: name.value };
  };

  const ended = (about: 'signup' | 'reset' | 'invitation', againHref?: string) => (error: unknown) => {
    if (!(error instanceof Refusal) || error.code !== 'LINK_USED') throw error;
    return { html: linkEndedPage({ ...frame, about, againHref, signInHref: '/signin' }), refused: error };
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
        const code = error instanceof Refusal ? error.code : undefined;
        if (code === 'LINK_USED' || (statusOf(error) >= 500 && code !== 'BUSY')) throw error;
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
      const { query, web } = request;
      const login = await own.findLogin(context, web);
      const again = query['again'];
      const once = login && ((again === '1' && !own.isRecent(login)) || (again === 'factor' && !login.login.factor_at));
      if (login === undefined || once) return await signIn(request, undefined, login?.person);
      return await goOn(login, wayOf(query), false);
    }),
    post('/signin', signIn, async ({ form, query, web }) => {
      const way = wayOf(query);
      const tenant = await business(way.to);
      const email = (form['email'] ?? '').trim().toLowerCase();
      const password = form['password'] ?? '';
      const recorded = tenant?.mode === 'open' ? tenant.id : undefined;
      return await enter(await checkPassword(context, { email, password }, web, recorded), way, web);
    }),
    get('/factor', async (request) => {
      const login = await own.findLogin(context, request.web, { pending: true });
      return login ? await factor(request) : { location: `/signin${queryOf(wayOf(request.query))}` };
    }),
    post('/factor', factor, async ({ web, form, query }) => {
      const way = wayOf(query);
      const pending = await own.findLogin(context, web, { pending: true });
      if (pending === undefined) return { location: `/signin${queryOf(way, '1')}` };
      const { login, person } = pending;
      const secret = await finishLogin(context, login, person, form['code'] || form['recovery_code'] || '', web);
      const cookies = [hostCookie(own.LOGIN_COOKIE, secret, LOGIN_S), deviceCookie(person, web)];
      return await goOn(await own.loginById(context, login.id, person), way, true, cookies);
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
        return await enter(await personOf(email), { to: tenant.slug }, request.web);
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
      post('/reset/*', reset, async ({ rest, form, web }) => {
        const person = await links.confirmReset(context, { token: rest, password: form['password'] ?? '' }, web);
        return {
          // whoever reads the person's mail need not wait for those who guess
          cookies: [deviceCookie(person, web)],
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
        return await enter(await personOf(email), { to: tenant.slug }, request.web);
      }),
      ended('invitation'),
    ),
    get('/choose', async ({ web, csrf, query }) => {
      const login = await own.findLogin(context, web);
      if (login === undefined) return { location: '/signin' };
      const { email, id } = login.person;
      const businesses = (await switcher(context, id)).map((tenant) => ({
        slug: tenant.slug,
        name: tenant.name,
        href: `${origin(tenant.slug)}/signin`,
        address: frameOf(origin(tenant.slug)).address,
        suspended: !isServed(tenant),
      }));
      const outside = businesses.some(({ slug }) => slug === query['not']) ? undefined : await business(query['not']);
      const signOut = { action: '/signout', csrf };
      const hrefs = { meHref: '/me', signUpHref: '/signup' };
      return { html: choosePage({ ...frame, businesses, outside, email, ...hrefs, signOut }) };
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
