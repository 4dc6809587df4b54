import { randomUUID } from 'node:crypto';
import type { RouteKey } from '@businessos/contract';
import { TOTP } from 'otpauth';
import { wrap } from '../../src/identity/installation-key.ts';
import { FACTOR_PURPOSE } from '../../src/identity/sign-in.ts';
import type { CallInput } from '../client.ts';
import { newMarker, onboardingOf } from '../harness.ts';
import {
  addInvitation,
  addKey,
  addLink,
  addMember,
  addRecord,
  type Member,
  newEmail,
  PASSWORD,
  type Stage,
} from './stage.ts';

/**
 * Makes the least that a route takes with success, and what it acts on in `home`, new for each call, so that no call
 * finds what another one has changed. `actor` is the member who will call, where one does.
 */
export type Sample = (stage: Stage, actor: Member | undefined) => CallInput | Promise<CallInput>;

const nothing: Sample = () => ({});
const unused = () => `t-${newMarker()}`;

const record =
  (table: 'contacts' | 'companies', more: CallInput = {}): Sample =>
  async (stage) => ({ params: { id: await addRecord(stage, stage.home, table) }, ...more });

const member =
  (more: CallInput = {}): Sample =>
  async (stage) => ({ params: { id: (await addMember(stage, stage.home, 'member')).personId }, ...more });

const signup = (slug: string) => ({ name: 'New', slug, region: 'eu', plan: 'free' });

/** One row a route of the contract. */
export const samples: Record<RouteKey, Sample> = {
  'GET /v1/contacts': nothing,
  'POST /v1/contacts': () => ({ body: { name: 'New' } }),
  'GET /v1/contacts/{id}': record('contacts'),
  'PATCH /v1/contacts/{id}': record('contacts', { version: 1, body: { name: 'Changed' } }),
  'DELETE /v1/contacts/{id}': record('contacts', { version: 1 }),
  'GET /v1/companies': nothing,
  'POST /v1/companies': () => ({ body: { name: 'New' } }),
  'GET /v1/companies/{id}': record('companies'),
  'PATCH /v1/companies/{id}': record('companies', { version: 1, body: { name: 'Changed' } }),
  'DELETE /v1/companies/{id}': record('companies', { version: 1 }),

  'GET /v1/tenant': nothing,
  'POST /v1/operator/tenants': () => ({ body: onboardingOf(newMarker()), key: randomUUID() }),
  'GET /v1/operator/tenants': nothing,
  'GET /v1/operator/tenants/{slug}': ({ home }) => ({ params: { slug: home.slug } }),
  'POST /v1/operator/tenants/{slug}/suspend': ({ other }) => ({ params: { slug: other.slug } }),
  'POST /v1/operator/tenants/{slug}/resume': ({ other }) => ({ params: { slug: other.slug } }),

  'POST /v1/signups': () => ({ body: { email: newEmail(), ...signup(unused()) } }),
  'POST /v1/signups/confirm': async (stage) => ({
    body: { token: await addLink(stage, 'signup', newEmail(), signup(unused())), password: PASSWORD },
  }),
  'POST /v1/tokens': async (stage) => {
    const { email } = await addMember(stage, stage.home, 'member');
    return { body: { grant: 'password', email, password: PASSWORD, tenant: stage.home.slug } };
  },
  'POST /v1/resets': () => ({ body: { email: newEmail() } }),
  'POST /v1/resets/confirm': async (stage) => {
    const { email } = await addMember(stage, stage.home, 'member');
    return { body: { token: await addLink(stage, 'reset', email), password: `${PASSWORD} anew` } };
  },
  'POST /v1/invitations/accept': async (stage) => {
    const { token } = await addInvitation(stage, stage.home, newEmail());
    return { body: { token, password: PASSWORD } };
  },
  'GET /v1/outbox': nothing,
  'GET /.well-known/jwks.json': nothing,
  'POST /v1/me/logins': async (stage) => {
    const { email } = await addMember(stage, stage.home, 'member');
    return { body: { email, password: PASSWORD } };
  },
  'GET /v1/me/logins': nothing,
  'DELETE /v1/me/logins/{id}': (_, actor) => ({ params: { id: actor?.loginId ?? randomUUID() } }),
  'POST /v1/me/signout-everywhere': nothing,
  'POST /v1/me/email': () => ({ body: { email: newEmail() } }),
  'POST /v1/me/email/confirm': async (stage) => {
    const { personId } = await addMember(stage, stage.home, 'member');
    return { body: { token: await addLink(stage, 'email', newEmail(), { person: personId }) } };
  },
  'POST /v1/me/password': () => ({ body: { current: PASSWORD, password: `${PASSWORD} anew` } }),
  'POST /v1/me/factor': nothing,
  'POST /v1/me/factor/confirm': async ({ server }, actor) => {
    const totp = new TOTP();
    if (actor) {
      const secret = Buffer.from(totp.secret.bytes);
      const wrapped = wrap(server.platform.people.rootKey, FACTOR_PURPOSE, actor.personId, secret);
      const text = 'update identity.persons set totp_secret = $2 where id = $1';
      await server.db.admin.query(text, [actor.personId, wrapped]);
    }
    return { body: { otp: totp.generate() } };
  },
  'DELETE /v1/me/factor': nothing,

  'GET /v1/me': nothing,
  'DELETE /v1/me/membership': nothing,
  'GET /v1/members': nothing,
  'PATCH /v1/members/{id}': member({ body: { role: 'viewer' } }),
  'DELETE /v1/members/{id}': member(),
  'POST /v1/ownership': async (stage) => ({
    body: { person: (await addMember(stage, stage.home, 'member')).personId },
  }),
  'POST /v1/invitations': () => ({ body: { email: newEmail(), role: 'member' } }),
  'GET /v1/invitations': nothing,
  'DELETE /v1/invitations/{id}': async (stage) => ({
    params: { id: (await addInvitation(stage, stage.home, newEmail())).id },
  }),
  'POST /v1/api-keys': () => ({ body: { name: 'New', permissions: ['crm.read'] } }),
  'GET /v1/api-keys': nothing,
  'DELETE /v1/api-keys/{id}': async (stage) => ({
    params: { id: (await addKey(stage, stage.home, ['crm.read'])).id },
  }),

  'GET /healthz': nothing,
  'GET /readyz': nothing,
  'GET /openapi.json': nothing,
};

/** The routes of an OpenAPI document, as `METHOD /path`. */
export function routesOf(document: unknown): string[] {
  const { paths } = document as { paths: Record<string, Record<string, unknown>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((name) => name !== 'servers')
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
}

/** The routes of a document that have no sample here. */
export function withoutSample(document: unknown): string[] {
  return routesOf(document).filter((route) => !Object.hasOwn(samples, route));
}
