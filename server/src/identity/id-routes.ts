import type { Handlers } from '../gateway/handler.ts';
import { hostCookie } from '../http/cookies.ts';
import { Refusal } from '../refusal.ts';
import type { IdentityContext } from './context.ts';
import * as links from './links.ts';
import { acceptInvitation } from './members.ts';
import * as own from './own.ts';
import { checkFactor, checkPassword, DEVICE_COOKIE, DEVICE_S, hasFactor, LOGIN_S, startLogin } from './sign-in.ts';
import { tokensByPassword, tokensByRefresh } from './tokens.ts';

/** The identity host's part of the contract. `outbox` is false in production, where it is absent. */
export function idRoutes(context: IdentityContext, { outbox }: { outbox: boolean }) {
  const { keys, origin } = context;
  return {
    'POST /v1/signups': async ({ body, web }) => {
      await links.requestSignup(context, body, web);
      return { body: { status: 'mailed' } };
    },
    'POST /v1/signups/confirm': async ({ body, web }) => {
      const { tenant } = await links.confirmSignup(context, body, web);
      return { body: { tenant: { id: tenant.id, slug: tenant.slug }, url: origin(tenant.slug) } };
    },
    'POST /v1/tokens': async ({ body, web }) => ({
      body:
        body.grant === 'password'
          ? await tokensByPassword(context, body, web)
          : await tokensByRefresh(context, body.refresh_token, web),
    }),
    'POST /v1/resets': async ({ body, web }) => {
      await links.requestReset(context, body.email, web);
      return { body: { status: 'mailed' } };
    },
    'POST /v1/resets/confirm': async ({ body, web }) => {
      await links.confirmReset(context, body, web);
      return { body: null };
    },
    'POST /v1/invitations/accept': async ({ body, web }) => {
      const { tenant, joined } = await acceptInvitation(context, body, web);
      return { body: { tenant: { id: tenant.id, slug: tenant.slug }, url: origin(tenant.slug) }, also: !joined };
    },
    'GET /v1/outbox': async () => {
      if (!outbox) throw new Refusal('NOT_FOUND');
      const items = await context.outbox.list();
      return {
        body: { items: items.map(({ body, url, ...rest }) => ({ ...rest, body: { token: body.token ?? '', url } })) },
      };
    },
    'GET /.well-known/jwks.json': async () => ({ body: keys.jwks() }),
    'POST /v1/me/logins': async ({ body, web }) => {
      const person = await checkPassword(context, body, web);
      if (hasFactor(person) && body.otp === undefined) throw new Refusal('FACTOR_NEEDED');
      if (hasFactor(person)) await checkFactor(context, person, body.otp ?? '', web);
      const before = await own.findLogin(context, web);
      const login = await startLogin(context, person, web, {
        factor: hasFactor(person),
        before: before?.login,
      });
      return {
        body: { id: login.id },
        cookies: [
          hostCookie(own.LOGIN_COOKIE, login.secret, LOGIN_S),
          hostCookie(DEVICE_COOKIE, login.device, DEVICE_S),
        ],
      };
    },
    'GET /v1/me/logins': async ({ own: { login, person } }) => {
      const rows = await own.ownLogins(context, person.id);
      return {
        body: {
          items: rows.map(({ id, kind, device, address, created_at, seen_at }) => ({
            id,
            kind,
            device,
            address,
            created_at: created_at.toISOString(),
            seen_at: seen_at.toISOString(),
            current: id === login.id,
          })),
        },
      };
    },
    'DELETE /v1/me/logins/{id}': async ({ params, own: { person } }) => {
      await own.endLogin(context, person.id, params.id);
      return { body: null };
    },
    'POST /v1/me/signout-everywhere': async ({ own: { person } }) => {
      await own.endAllLogins(context, person.id);
      return { body: null, cookies: [hostCookie(own.LOGIN_COOKIE, '', 0)] };
    },
    'POST /v1/me/email': async ({ body, own: { person }, web }) => {
      await links.requestEmail(context, person.id, body.email, web);
      return { body: { status: 'mailed' } };
    },
    'POST /v1/me/email/confirm': async ({ body }) => {
      await links.confirmEmail(context, body.token);
      return { body: null };
    },
    'POST /v1/me/password': async ({ body, own: mine, web }) => {
      await own.changePassword(context, mine, body, web);
      return { body: null };
    },
    'POST /v1/me/factor': async ({ own: { person } }) => {
      const { uri } = await own.startFactor(context, person);
      return { body: { secret: new URL(uri).searchParams.get('secret') ?? '', uri } };
    },
    'POST /v1/me/factor/confirm': async ({ body, own: mine, web }) => ({
      body: { recovery_codes: await own.confirmFactor(context, mine, body.otp, web) },
    }),
    'DELETE /v1/me/factor': async ({ own: { person } }) => {
      await own.removeFactor(context, person.id);
      return { body: null };
    },
  } satisfies Partial<Handlers>;
}
