import { check, emailChange } from '@businessos/contract';
import type { PageAnswer, PageRequest, PageRoute } from '../gateway/pages.ts';
import { hostCookie } from '../http/cookies.ts';
import { emailConfirmPage } from '../pages/email-confirm.ts';
import { factorRemovalPage, factorSetupPage, recoveryCodesPage } from '../pages/factor-setup.ts';
import { mailText } from '../pages/mail-texts.ts';
import { mePage } from '../pages/me.ts';
import { donePage, linkEndedPage } from '../pages/notices.ts';
import { outboxPage } from '../pages/outbox.ts';
import { Refusal } from '../refusal.ts';
import type { IdentityContext } from './context.ts';
import { factorQr } from './factor.ts';
import * as links from './links.ts';
import * as own from './own.ts';
import { frameOf, problemsOf, statusOf } from './page-frame.ts';
import { countRecoveryCodes } from './person-store.ts';
import { checkFactor, checkPassword, hasFactor } from './sign-in.ts';

type Done = keyof typeof DONE;
const DONE = {
  mailed: 'A link is on its way to your new address.',
  password: 'Your password is changed. You are signed out everywhere else.',
  ended: 'That sign-in has ended.',
  factor: 'Your second factor is in force.',
  removed: 'Your second factor is removed.',
} as const;

/** The pages of what belongs to a person: e-mail, password, second factor, sign-ins; and the local outbox. */
export function ownPageRoutes(context: IdentityContext, { outbox }: { outbox: boolean }): PageRoute[] {
  const { origin, unsealed } = context;
  const frame = frameOf(origin('id'));

  const mine = async (
    { csrf, query, form }: PageRequest,
    login: own.OwnLogin,
    refused?: { form: 'email' | 'password'; error: unknown },
  ): Promise<PageAnswer> => {
    const { person } = login;
    const rows = await own.ownLogins(context, person.id);
    const codesLeft = await countRecoveryCodes(unsealed, person.id);
    const done = DONE[query['done'] as Done];
    return {
      html: mePage({
        ...frame,
        email: person.email,
        factor: hasFactor(person) ? { since: (person.totp_at ?? new Date()).toISOString(), codesLeft } : undefined,
        logins: rows.map(({ id, kind, device, address, created_at, seen_at }) => ({
          id,
          kind,
          device,
          address,
          since: created_at.toISOString(),
          lastSeen: seen_at.toISOString(),
          current: id === login.login.id,
        })),
        csrf,
        actions: {
          email: '/me/email',
          password: '/me/password',
          endLogin: '/me/end',
          signOutEverywhere: '/me/signout-everywhere',
        },
        factorSetupHref: '/me/factor',
        factorRemovalHref: '/me/factor/remove',
        chooseHref: '/choose',
        done: refused ? undefined : done,
        refused: refused && { form: refused.form, problems: problemsOf(refused.error) ?? [] },
        typed: refused?.form === 'email' ? { email: form['email'] } : {},
      }),
      status: statusOf(refused?.error),
    };
  };

  const page = (
    method: 'GET' | 'POST',
    path: string,
    handle: (request: PageRequest, login: own.OwnLogin) => Promise<PageAnswer>,
    recent = false,
  ): PageRoute => ({
    hosts: ['id'],
    method,
    path,
    handle: async (request) => {
      const login = await own.findLogin(context, request.web);
      if (login === undefined) return { location: '/signin' };
      if (recent && !own.isRecent(login)) return { location: '/signin?again=1' };
      return await handle(request, login);
    },
  });

  const factorSetup = async (
    { query, csrf }: PageRequest,
    { person }: own.OwnLogin,
    error?: unknown,
  ): Promise<PageAnswer> => {
    if (hasFactor(person)) return { location: '/me' };
    const { uri } = await own.startFactor(context, person);
    const to = query['to'];
    const demanded = to === undefined ? undefined : await context.tenants.find({ slug: to });
    return {
      html: factorSetupPage({
        ...frame,
        action: `/me/factor${demanded ? `?to=${demanded.slug}` : ''}`,
        csrf,
        qrSvg: factorQr(uri),
        secret: new URL(uri).searchParams.get('secret') ?? '',
        demandedBy: demanded?.name,
        cancelHref: demanded ? undefined : '/me',
        problems: problemsOf(error),
      }),
      status: statusOf(error),
    };
  };

  return [
    page('GET', '/me', mine),
    page('POST', '/me/email', async (request, login) => {
      try {
        const wish = check(emailChange, { email: request.form['email'] ?? '' });
        if (!wish.ok) throw new Refusal('REQUEST_INVALID', { errors: wish.errors });
        const { email } = login.person;
        await checkPassword(context, { email, password: request.form['password'] ?? '' }, request.web);
        await links.requestEmail(context, login.person.id, wish.value.email, request.web);
        return { location: '/me?done=mailed' };
      } catch (error) {
        return await mine(request, login, { form: 'email', error });
      }
    }),
    page('POST', '/me/password', async (request, login) => {
      try {
        const { password = '', new_password = '' } = request.form;
        await own.changePassword(context, login, { current: password, password: new_password }, request.web);
        return { location: '/me?done=password' };
      } catch (error) {
        return await mine(request, login, { form: 'password', error });
      }
    }),
    page('POST', '/me/end', async ({ form }, { person }) => {
      const id = form['id'] ?? '';
      if (!/^[0-9a-f-]{36}$/.test(id)) throw new Refusal('NOT_FOUND');
      await own.endLogin(context, person.id, id);
      return { location: '/me?done=ended' };
    }),
    page('POST', '/me/signout-everywhere', async (_request, { person }) => {
      await own.endAllLogins(context, person.id);
      return { location: '/signed-out?everywhere=1', cookies: [hostCookie(own.LOGIN_COOKIE, '', 0)] };
    }),
    page('GET', '/me/factor', (request, login) => factorSetup(request, login), true),
    page(
      'POST',
      '/me/factor',
      async (request, login) => {
        try {
          const codes = await own.confirmFactor(context, login, request.form['code'] ?? '', request.web);
          return { html: recoveryCodesPage({ ...frame, action: '/me/factor/kept', csrf: request.csrf, codes }) };
        } catch (error) {
          return await factorSetup(request, login, error);
        }
      },
      true,
    ),
    page('POST', '/me/factor/kept', async () => ({ location: '/me?done=factor' })),
    page(
      'GET',
      '/me/factor/remove',
      async ({ csrf }, { person }) => ({
        html: factorRemovalPage({
          ...frame,
          action: '/me/factor/remove',
          csrf,
          email: person.email,
          cancelHref: '/me',
        }),
      }),
      true,
    ),
    page(
      'POST',
      '/me/factor/remove',
      async ({ csrf, form, web }, { person }) => {
        const { email } = person;
        try {
          await checkPassword(context, { email, password: form['password'] ?? '' }, web);
          if (hasFactor(person)) await checkFactor(context, person, form['code'] ?? '', web);
        } catch (error) {
          const action = '/me/factor/remove';
          const problems = problemsOf(error);
          return {
            html: factorRemovalPage({ ...frame, action, csrf, email, cancelHref: '/me', problems }),
            status: statusOf(error),
          };
        }
        await own.removeFactor(context, person.id);
        return { location: '/me?done=removed' };
      },
      true,
    ),
    {
      hosts: ['id'],
      method: 'GET',
      path: '/email/*',
      handle: async ({ rest, csrf }) => {
        try {
          const { link } = await links.openLink(context, 'email', rest);
          const from = await own.emailOf(context, link.body['person'] ?? '');
          const action = `/email/${rest}`;
          return { html: emailConfirmPage({ ...frame, action, csrf, from, to: link.email }) };
        } catch (error) {
          return emailEnded(error);
        }
      },
    },
    {
      hosts: ['id'],
      method: 'POST',
      path: '/email/*',
      handle: async ({ rest }) => {
        try {
          await links.confirmEmail(context, rest);
        } catch (error) {
          return emailEnded(error);
        }
        const next = { href: '/me', text: 'Continue' };
        return {
          html: donePage({ ...frame, title: 'Your address is changed', text: 'Sign in with it from now on.', next }),
        };
      },
    },
    {
      hosts: ['id'],
      method: 'GET',
      path: '/outbox',
      handle: async () => {
        if (!outbox) throw new Refusal('NOT_FOUND');
        const mails = (await context.outbox.list()).map(({ email, kind, body, url, created_at }) => ({
          kind,
          to: email,
          at: created_at,
          href: url === '' ? undefined : url,
          ...mailText(kind, { ...body, email, link: url } as Parameters<typeof mailText>[1]),
        }));
        return { html: outboxPage({ ...frame, mails, start: { href: origin(''), text: 'Start page' } }) };
      },
    },
  ];

  function emailEnded(error: unknown): PageAnswer {
    if (!(error instanceof Refusal) || error.code !== 'LINK_USED') throw error;
    return { html: linkEndedPage({ ...frame, about: 'email', signInHref: '/signin' }), status: 410 };
  }
}
