import { randomUUID } from 'node:crypto';
import { mayGrant, type Permission, permits, type Role } from '@businessos/contract';
import type { Querier } from '@businessos/tenancy';
import type { Web } from '../http/web.ts';
import { Refusal } from '../refusal.ts';
import type { Rights } from './authenticate.ts';
import type { IdentityContext } from './context.ts';
import { note } from './credential-store.ts';
import { nameOf, passwordOf } from './links.ts';
import { loginAge, revocation } from './login-store.ts';
import * as store from './member-store.ts';
import { newTenantOpaque, parseTenantOpaque } from './opaque.ts';
import * as persons from './person-store.ts';
import { mayMail, throttle } from './sign-in.ts';
import { throttleKey } from './throttle-store.ts';

export const RECENT_S = 600;
const INVITATION_S = 7 * 86_400;

/** Lets pass whoever signed in within ten minutes; a key or a token without a sign-in never did. @throws STEP_UP_NEEDED. */
export async function requireRecent(db: Pick<Querier, 'query'>, { loginId }: Pick<Rights, 'loginId'>): Promise<void> {
  const age = loginId === undefined ? undefined : await loginAge(db, loginId);
  if (age === undefined || age > RECENT_S) throw new Refusal('STEP_UP_NEEDED');
}

/**
 * What whoever acts may do by his membership of now: what a request came with may have been taken away a moment ago,
 * and what is given by it would stay.
 */
function mayNow({ may }: Rights, actor: store.MemberRow | undefined): Rights['may'] {
  return (permission) => actor !== undefined && permits(actor.role, permission) && may(permission);
}

/** Nobody gives or takes a right that he does not hold himself. @throws Refusal PERMISSION_MISSING. */
function requireGrant(rights: Rights, actor: store.MemberRow | undefined, ...roles: Role[]): void {
  const may = mayNow(rights, actor);
  if (!may('members.manage') || !roles.every((role) => mayGrant(may, role))) throw new Refusal('PERMISSION_MISSING');
}

/** Lets pass whoever may make a key of these permissions, until the transaction ends. @throws Refusal PERMISSION_MISSING. */
export async function requireMaker(tx: Querier, rights: Rights, permissions: readonly Permission[]): Promise<void> {
  const may = mayNow(rights, await store.holdMember(tx, rights.personId));
  if (!may('keys.manage') || !permissions.every(may)) throw new Refusal('PERMISSION_MISSING');
}

/** Gives a member another role. @throws Refusal NOT_FOUND, PERMISSION_MISSING, LAST_OWNER, STEP_UP_NEEDED. */
export async function changeRole(tx: Querier, rights: Rights, personId: string, role: Role): Promise<store.MemberRow> {
  const { member, actor, owners } = await store.lockOwnersAnd(tx, personId, rights.personId);
  if (member === undefined) throw new Refusal('NOT_FOUND');
  requireGrant(rights, actor, role, member.role);
  if (role === 'owner' || member.role === 'owner') await requireRecent(tx, rights);
  if (member.role === role) return member;
  if (member.role === 'owner' && owners === 1) throw new Refusal('LAST_OWNER');
  await store.setRole(tx, personId, role);
  await note(tx, 'member.role', personId, { from: member.role, to: role });
  await tx.query(revocation(`m:${rights.tenant.id}:${personId}`), { last: true });
  return { ...member, role };
}

/** Takes a member out. @throws Refusal NOT_FOUND, PERMISSION_MISSING, LAST_OWNER, STEP_UP_NEEDED. */
export async function removeMember(tx: Querier, rights: Rights, personId: string): Promise<void> {
  const { member, actor, owners } = await store.lockOwnersAnd(tx, personId, rights.personId);
  if (member === undefined) throw new Refusal('NOT_FOUND');
  const leaves = rights.role !== undefined && personId === rights.personId;
  if (!leaves) requireGrant(rights, actor, member.role);
  if (!leaves && member.role === 'owner') await requireRecent(tx, rights);
  if (member.role === 'owner' && owners === 1) throw new Refusal('LAST_OWNER');
  await store.deleteMember(tx, rights.tenant.id, personId);
  await note(tx, leaves ? 'member.left' : 'member.removed', personId, { role: member.role });
  await tx.query(revocation(`m:${rights.tenant.id}:${personId}`), { last: true });
}

/** Makes another member the owner in one's own place. @throws Refusal VALUE_REFUSED for whoever is no member. */
export async function transferOwnership(tx: Querier, rights: Rights, personId: string): Promise<void> {
  const { member, actor } = await store.lockOwnersAnd(tx, personId, rights.personId);
  if (member === undefined || personId === rights.personId) {
    throw new Refusal('VALUE_REFUSED', {
      errors: [{ field: 'person', problem: 'is no other member', fix: 'use the id of another member' }],
    });
  }
  if (actor?.role !== 'owner') throw new Refusal('PERMISSION_MISSING');
  await store.setRole(tx, personId, 'owner');
  await store.setRole(tx, rights.personId, 'admin');
  await note(tx, 'ownership.transferred', personId, { from: rights.personId });
  await tx.query(revocation(`m:${rights.tenant.id}:${personId}`));
  await tx.query(revocation(`m:${rights.tenant.id}:${rights.personId}`), { last: true });
}

/** Invites by e-mail; the answer is the same whether anybody is known by it. @throws Refusal CONFLICT for a member. */
export async function invite(
  context: IdentityContext,
  tx: Querier,
  rights: Rights,
  { email, role }: { email: string; role: Role },
): Promise<string> {
  requireGrant(rights, await store.holdMember(tx, rights.personId), role);
  if (role === 'owner') await requireRecent(tx, rights);
  if (await store.isMemberEmail(tx, email)) {
    throw new Refusal('CONFLICT', {
      errors: [{ field: 'email', problem: 'is that of a member', fix: 'change the member’s role instead' }],
    });
  }
  const { tenant, principal, personId } = rights;
  const token = newTenantOpaque(tenant.id);
  const id = await store.insertInvitation(tx, {
    hash: (parseTenantOpaque(token) as { hash: Buffer }).hash,
    email,
    role,
    invitedBy: principal,
    seconds: INVITATION_S,
  });
  const inviter = (await store.findMember(tx, personId))?.name ?? tenant.name;
  const ends = new Date(Date.now() + INVITATION_S * 1_000).toISOString();
  await context.outbox.add(tx, 'invitation', email, { token, ends, business: tenant.name, inviter, role });
  await note(tx, 'invitation.sent', id, { email, role });
  return id;
}

/** @throws Refusal RATE_LIMITED beyond a hundred invitations of a tenant an hour, or five mails to one address. */
export async function throttleInvitation(context: IdentityContext, tenantId: string, email: string): Promise<void> {
  await throttle(context, [{ key: throttleKey('invitations', tenantId), capacity: 100, perSecond: 100 / 3_600 }]);
  if (!(await mayMail(context, email))) throw new Refusal('RATE_LIMITED', { retryAfterS: 600 });
}

/** Takes an invitation back that was not accepted. @throws Refusal NOT_FOUND. */
export async function withdrawInvitation(tx: Querier, id: string): Promise<void> {
  const gone = await store.deleteInvitation(tx, id);
  if (gone === undefined) throw new Refusal('NOT_FOUND');
  await note(tx, 'invitation.withdrawn', id, { email: gone.email, role: gone.role });
}

/**
 * Who invites. An invitation lasts as long as its sender may give the role: otherwise one who was removed could let
 * himself in again by an invitation that he sent before. @throws Refusal LINK_USED.
 */
async function requireInviter(db: Querier, { invited_by: by, role }: store.InvitationRow): Promise<store.Inviter> {
  const inviter = await store.findInviter(db, by);
  const may = (permission: Permission) =>
    inviter !== undefined && permits(inviter.role, permission) && (inviter.permissions?.includes(permission) ?? true);
  if (inviter === undefined || !may('members.manage') || !mayGrant(may, role)) throw new Refusal('LINK_USED');
  return inviter;
}

/** Looks at an invitation without using it. @throws Refusal LINK_USED. */
export async function openInvitation(context: IdentityContext, token: string) {
  const { identity, unsealed, tenants } = context;
  const parsed = parseTenantOpaque(token);
  const tenant = parsed && (await tenants.find({ id: parsed.tenantId }));
  if (parsed === undefined || tenant?.mode !== 'open') throw new Refusal('LINK_USED');
  const [invitation, inviter] = await identity.withTenant(tenant.id, 's:identity', async () => {
    const found = await store.findInvitation(identity, parsed.hash);
    if (found === undefined) throw new Refusal('LINK_USED');
    return [found, (await requireInviter(identity, found)).name] as const;
  });
  const { email } = invitation;
  const person = await persons.findPerson(unsealed, { email });
  return { hash: parsed.hash, tenant, invitation, inviter, person };
}

/**
 * Accepts an invitation: an existing person by his password, a new one by choosing it. Of many who use the link at once
 * one joins. `joined` is false for whoever is a member already.
 * @throws Refusal LINK_USED, CREDENTIAL_INVALID, PASSWORD_REFUSED, RATE_LIMITED, BUSY.
 */
export async function acceptInvitation(
  context: IdentityContext,
  input: { token: string; password: string; person_name?: string | undefined },
  web: Web,
) {
  const { identity } = context;
  const { hash, tenant, invitation, person } = await openInvitation(context, input.token);
  const { email, role } = invitation;
  const who = { email, slug: tenant.slug, name: tenant.name };
  const newPassword = await passwordOf(context, person, who, input.password, web);
  const id = person?.id ?? randomUUID();
  const joined = await identity.withTenant(
    tenant.id,
    `u:${id}`,
    () =>
      identity.transaction(async (tx) => {
        const taken = await store.takeInvitation(tx, hash);
        if (taken === undefined) throw new Refusal('LINK_USED');
        await requireInviter(tx, taken);
        const name = person?.name ?? input.person_name ?? nameOf(email);
        if (newPassword !== undefined && !(await persons.ensurePerson(tx, { id, email, name, password: newPassword })))
          throw new Refusal('CREDENTIAL_INVALID'); // somebody else chose a password for this address meanwhile
        const known = await persons.findPerson(tx, { email });
        const personId = known?.id ?? id;
        const fresh = await store.insertMember(tx, tenant.id, { personId, email, name: known?.name ?? name, role });
        if (fresh) await note(tx, 'member.joined', personId, { email, role, invitation: invitation.id });
        return fresh;
      }),
    { requestId: web.requestId },
  );
  return { tenant, email, joined };
}
