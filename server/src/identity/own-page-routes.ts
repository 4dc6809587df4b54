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
import { frameOf, problemsOf } from './page-frame.ts';
import { countRecoveryCodes } from './person-store.ts';
import { checkFactor, checkPassword, hasFactor } from './sign-in.ts';
import { queryOf, wayOf, waysIn } from './way-in.ts';

type Done = keyof typeof DONE;
const DONE = {
  mailed: 'A link is on its way to your new address.',
  password: 'Your password is changed. You are signed out everywhere else.',
  ended: 'That sign-in has ended.',
  factor: 'Your second factor is in force.',
  removed: 'Your second factor is removed.',
} as const;
/** Which field of each form a wrong password stands in, and which one a password to be. */
const FIELDS = {
  email: { wrong: 'password' },
  password: { wrong: 'password', password: 'new_password' },
} as const;

/** The pages of what belongs to a person: e-mail, password, second factor, sign-ins; and the local outbox. */
export function ownPageRoutes(context: IdentityContext, { outbox }: { outbox: boolean }): PageRoute[] {
  const { origin, unsealed } = context;
  const frame = frameOf(origin('id'));
  const { business, goOn } = waysIn(context);

  const mine = async (
    { csrf, query, form }: PageRequest,
    login: own.OwnLogin,
    refused?: { form: 'email' | 'password'; error: unknown },
  ): Promise<PageAnswer> => {
    const { person } = login;
    const rows = await own.ownLogins(context, person.id);
    const codesLeft = await countRecoveryCodes(unsealed, person.id);
    const done = Object.hasOwn(DONE, query['done'] ?? '') ? DONE[query['done'] as Done] : undefined;
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
        refused: refused && { form: refused.form, problems: problemsOf(refused.error, FIELDS[refused.form]) ?? [] },
        typed: refused?.form === 'email' ? { email: form['email'] } : {},
      }),
      refused: refused?.error,
    };
  };

  const page = (
    method: 'GET' | 'POST',
    path: string,
    handle: (request: PageRequest, login: own.OwnLogin) => Promise<PageAnswer>,
    recent?: 'factor' | 'remove',
  ): PageRoute => ({
    hosts: ['id'],
    method,
    path,
    handle: async (request) => {
      const login = await own.findLogin(context, request.web);
      const way = { to: wayOf(request.query).to, next: recent ?? 'me' } as const;
      if (login === undefined) return { location: `/signin${queryOf(way)}` };
      if (recent && !own.isRecent(login)) return { location: `/signin${queryOf(way, '1')}` };
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
    const asks = await business(wayOf(query).to);
    const demanded = asks?.config.factor_required ? asks : undefined;
    return {
      html: factorSetupPage({
        ...frame,
        action: `/me/factor${queryOf({ to: demanded?.slug })}`,
        csrf,
        qrSvg: factorQr(uri),
        secret: new URL(uri).searchParams.get('secret') ?? '',
        demandedBy: demanded?.name,
        cancelHref: demanded ? '/choose' : '/me',
        problems: problemsOf(error, { wrong: 'code' }),
      }),
      refused: error,
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
    page('GET', '/me/factor', (request, login) => factorSetup(request, login), 'factor'),
    page(
      'POST',
      '/me/factor',
      async (request, login) => {
        try {
          const codes = await own.confirmFactor(context, login, request.form['code'] ?? '', request.web);
          const action = `/me/factor/kept${queryOf({ to: wayOf(request.query).to })}`;
          return { html: recoveryCodesPage({ ...frame, action, csrf: request.csrf, codes }) };
        } catch (error) {
          return await factorSetup(request, login, error);
        }
      },
      'factor',
    ),
    page('POST', '/me/factor/kept', async ({ query }, login) => {
      const { to } = wayOf(query);
      return to === undefined ? { location: '/me?done=factor' } : await goOn(login, { to }, true);
    }),
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
      'remove',
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
            refused: error,
          };
        }
        await own.removeFactor(context, person.id);
        return { location: '/me?done=removed' };
      },
      'remove',
    ),
    // whoever reloads the address of a form that was refused
    ...['/me/email', '/me/password', '/me/factor/kept'].map((path) =>
      page('GET', path, async () => ({ location: '/me' })),
    ),
    {
      hosts: ['id'],
      method: 'GET',
      path: '/email/*',
      handle: async ({ rest, csrf }) => {
        try {
          return await emailConfirm(rest, csrf);
        } catch (error) {
          return emailEnded(error);
        }
      },
    },
    {
      hosts: ['id'],
      method: 'POST',
      path: '/email/*',
      handle: async ({ rest, csrf }) => {
        try {
          await links.confirmEmail(context, rest);
        } catch (error) {
          if (error instanceof Refusal && error.code === 'CONFLICT') return await emailConfirm(rest, csrf, error);
          return emailEnded(error);
        }
        const next = { href: '/me', text: 'Continue' };
        return {
          html: donePage({ ...frame, title: 'Your e-mail is changed', text: 'Sign in with it from now on.', next }),
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

  async function emailConfirm(token: string, csrf: string, taken?: unknown): Promise<PageAnswer> {
    const { link } = await links.openLink(context, 'email', token);
    const from = await own.emailOf(context, link.body['person'] ?? '');
    const problems = taken ? [{ field: '', problem: 'Somebody else signs in with this address', fix: '' }] : [];
    const about = { ...frame, action: `/email/${token}`, csrf, from, to: link.email, problems };
    return { html: emailConfirmPage(about), refused: taken };
  }

  function emailEnded(error: unknown): PageAnswer {
    if (!(error instanceof Refusal) || error.code !== 'LINK_USED') throw error;
    return { html: linkEndedPage({ ...frame, about: 'email', signInHref: '/signin' }), refused: error };
  }
}
