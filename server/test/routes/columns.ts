import { allPermissions, type Role, type RouteKey } from '@businessos/contract';
import { OPERATOR_AUDIENCE } from '../../src/identity/signing-keys.ts';
import { onboardTenant, type TestTenant } from '../harness.ts';
import { addKey, addMember, type Member, type Stage } from './stage.ts';

/** Who asks: what a request brings beside what its route takes. */
export interface Actor {
  /** The tenant that is asked; `home` when left out. */
  tenant?: TestTenant;
  token?: string;
  headers?: readonly (readonly [string, string])[];
  member?: Member;
}

/** Where a route is served, as its document says. */
export type Place = 'tenant' | 'id' | 'operator' | 'any';

/** An asker, or undefined where asking so makes no sense. `unsafe`: the route changes something. */
export type Column = (stage: Stage, at: { place: Place; host: string; unsafe: boolean }) => Promise<Actor | undefined>;

const EXPIRED_MS = 600_000;

/** Makes the columns: each cell gets an actor of its own, unless nothing that a route does can change him. */
export async function columnsOf(stage: Stage): Promise<Record<string, Column>> {
  const { server, home, other } = stage;
  const { keys, feed } = server.platform.people;
  // a token that has expired was signed in the past, so the key must have been there
  await server.db.admin.query("update identity.signing_keys set sign_from = sign_from - interval '1 hour'");
  await keys.load();
  const suspended = await suspendedTenant(stage);
  const stale = await removedMember(stage);
  const revokedKey = await revokedKeyOf(stage);
  const readKey = (await addKey(stage, home, ['crm.read'])).key;
  const fullKey = (await addKey(stage, home, [...allPermissions])).key;
  const past = Date.now() - EXPIRED_MS;
  const expired = {
    tenant: keys.sign({ aud: 'bos', sub: home.ownerId, tid: home.id, role: 'owner', ...feed.head }, 60, past),
    operator: keys.sign({ aud: OPERATOR_AUDIENCE, sub: home.ownerId }, 60, past),
  };
  const ended = await endedLogin(stage);

  const as =
    (role: Role): Column =>
    async (_, { place }) => {
      if (place === 'id' && role !== 'owner') return undefined; // a token means nothing there, whatever the role
      const member = await addMember(stage, home, role);
      return { token: member.token, member };
    };
  /** A browser: at a tenant's host by its session, at `id` by its sign-in. */
  const browser = async (place: Place, origin: string, options: { ageS?: number } = {}): Promise<Actor> => {
    const member = await addMember(stage, home, 'owner', options);
    const cookie = place === 'id' ? member.login : member.session;
    return { member, headers: [['Cookie', cookie] as const, ['Origin', origin] as const] };
  };

  return {
    anonymous: async () => ({}),
    'other tenant': async (_, { place }) => (place === 'id' ? undefined : { token: other.token }),
    owner: as('owner'),
    admin: as('admin'),
    member: as('member'),
    viewer: as('viewer'),
    'old sign-in': async (_, { place, host }) => {
      if (place === 'id') return await browser(place, `http://${host}`, { ageS: 660 });
      const member = await addMember(stage, home, 'owner', { ageS: 660 });
      return { token: member.token, member };
    },
    suspended: async (_, { place }) => (place === 'tenant' ? { tenant: suspended, token: suspended.token } : undefined),
    'revoked key': async (_, { place }) => (place === 'id' ? undefined : { token: revokedKey }),
    'crm.read key': async (_, { place }) => (place === 'id' ? undefined : { token: readKey }),
    'full key': async (_, { place }) => (place === 'id' ? undefined : { token: fullKey }),
    expired: async (_, { place, host }) => {
      if (place !== 'id') return { token: place === 'operator' ? expired.operator : expired.tenant };
      return { headers: [['Cookie', ended.over] as const, ['Origin', `http://${host}`] as const] };
    },
    stale: async (_, { place, host }) => {
      if (place !== 'id') return { token: stale };
      return { headers: [['Cookie', ended.ended] as const, ['Origin', `http://${host}`] as const] };
    },
    'own browser': async (_, { place, host }) => await browser(place, `http://${host}`),
    'sibling page': async (_, { place, unsafe }) => (unsafe ? await browser(place, `http://${other.host}`) : undefined),
    operator: async () => ({ token: server.operator }),
  };
}

/** A suspended tenant whose owner's token was good before. */
async function suspendedTenant({ server }: Stage): Promise<TestTenant> {
  const tenant = await onboardTenant(server);
  if ((await tenant.call('GET /v1/me')).status !== 200) throw new Error('the token was never good');
  await server.operate('POST /v1/operator/tenants/{slug}/suspend', { params: { slug: tenant.slug } });
  return tenant;
}

/** The token of an owner who was removed after it had been used. */
async function removedMember(stage: Stage): Promise<string> {
  const { personId, token } = await addMember(stage, stage.home, 'owner');
  if ((await stage.home.call('GET /v1/me', { token })).status !== 200) throw new Error('the token was never good');
  await stage.home.call('DELETE /v1/members/{id}', { params: { id: personId } });
  return token;
}

/** A key of every permission that was used, and revoked then. */
async function revokedKeyOf(stage: Stage): Promise<string> {
  const { id, key } = await addKey(stage, stage.home, [...allPermissions]);
  if ((await stage.home.call('GET /v1/me', { token: key })).status !== 200) throw new Error('the key was never good');
  await stage.home.call('DELETE /v1/api-keys/{id}', { params: { id } });
  return key;
}

/** Cookies of `id`: of a sign-in whose time is over, and of one that its person has ended. */
async function endedLogin(stage: Stage): Promise<{ over: string; ended: string }> {
  const { admin } = stage.server.db;
  const [over, ended] = [await addMember(stage, stage.home, 'owner'), await addMember(stage, stage.home, 'owner')];
  await admin.query("update identity.logins set expires_at = now() - interval '1 second' where id = $1", [
    over.loginId,
  ]);
  await admin.query('delete from identity.logins where id = $1', [ended.loginId]);
  return { over: over.login, ended: ended.login };
}

/** Says where a route is served, by the document's own servers. */
export function placeOf(document: unknown, route: RouteKey): Place {
  const [method = '', path = ''] = route.split(' ');
  const item = (document as { paths: Record<string, Record<string, { 'x-permission'?: string }>> }).paths[path];
  const url = (item?.['servers'] as unknown as { url: string }[] | undefined)?.[0]?.url;
  const label = url === undefined ? undefined : /^https?:\/\/(\w+)\./.exec(url)?.[1];
  if (label === 'id' || label === 'operator') return label;
  return item?.[method.toLowerCase()]?.['x-permission'] === 'public' ? 'any' : 'tenant';
}
