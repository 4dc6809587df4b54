import { randomBytes, randomUUID } from 'node:crypto';
import type { Permission, Role } from '@businessos/contract';
import { newApiKey, parseApiKey } from '../../src/identity/api-key.ts';
import { insertKey } from '../../src/identity/credential-store.ts';
import { insertLink, type LinkKind } from '../../src/identity/mail-store.ts';
import { insertInvitation } from '../../src/identity/member-store.ts';
import { hashOf, newOpaque, newTenantOpaque } from '../../src/identity/opaque.ts';
import { hashPassword } from '../../src/identity/password.ts';
import { memberToken } from '../../src/identity/tokens.ts';
import { onboardTenant, startTestServer, type TestServer, type TestTenant } from '../harness.ts';

/** A server behind a trusted proxy with tenants that are open, and what tests add to them. */
export interface Stage {
  server: TestServer;
  /** The tenant that is asked. */
  home: TestTenant;
  /** Another one. */
  other: TestTenant;
}

/** A person who is a member, with a sign-in, a session at the tenant's host and a token. */
export interface Member {
  personId: string;
  email: string;
  role: Role;
  loginId: string;
  token: string;
  /** The cookies of a browser, as it sends them to the tenant's host and to `id`. */
  session: string;
  login: string;
}

/** The password of everybody who is added here. */
export const PASSWORD = 'four unrelated words here';
const hashed = hashPassword(PASSWORD);
const HOUR = 3_600;

/** Starts the server, which believes X-Forwarded-For, so that each request may come from an address of its own. */
export async function openStage(): Promise<Stage> {
  const server = await startTestServer({ config: { trustProxy: ['127.0.0.1', '::1'] } });
  return { server, home: await onboardTenant(server), other: await onboardTenant(server) };
}

let addresses = 0;
/** The header of a request from an address that sent none before, whose buckets are full. */
export function fromNewAddress(): readonly [string, string] {
  addresses++;
  return ['X-Forwarded-For', `10.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`];
}

/** An address of a length that is always the same. */
export function newEmail(): string {
  return `p${randomBytes(6).toString('hex')}@mail.example`;
}

/** Adds a member who showed his password so many seconds ago. */
export async function addMember(
  { server }: Pick<Stage, 'server'>,
  tenant: Pick<TestTenant, 'id'>,
  role: Role,
  { ageS = 0 }: { ageS?: number } = {},
): Promise<Member> {
  const [personId, loginId, email, session, login] = [randomUUID(), randomUUID(), newEmail(), newOpaque(), newOpaque()];
  await server.db.admin.query(
    `with p as (insert into identity.persons (id, email, name, password) values ($1, $2, 'Somebody', $3)),
       t as (insert into identity.person_tenants (person_id, tenant_id) values ($1, $4)),
       m as (insert into identity.memberships (tenant_id, person_id, role, name, email) values ($4, $1, $5, 'Somebody', $2)),
       l as (insert into identity.logins (id, person_id, kind, hash, device, address, auth_at, expires_at)
         values ($6, $1, 'browser', $7, 'test', '127.0.0.1', now() - make_interval(secs => $8), now() + interval '1 day'))
     insert into identity.sessions (tenant_id, hash, login_id, person_id, expires_at)
     values ($4, $9, $6, $1, now() + interval '1 hour')`,
    [personId, email, await hashed, tenant.id, role, loginId, hashOf(login), ageS, hashOf(session)],
  );
  const { keys, feed } = server.platform.people;
  return {
    personId,
    email,
    role,
    loginId,
    token: memberToken(keys, { tenantId: tenant.id, personId, role, loginId, ...feed.head }, HOUR),
    session: `__Host-bos=${session}`,
    login: `__Host-bos-id=${login}`,
  };
}

/** Makes an API key of the tenant's owner, unless another maker is named. */
export async function addKey(
  { server }: Pick<Stage, 'server'>,
  tenant: TestTenant,
  permissions: Permission[],
  more: { createdBy?: string; addresses?: string[]; expiresAt?: string } = {},
): Promise<{ id: string; key: string }> {
  const { identity } = server.platform;
  const { createdBy = tenant.ownerId, addresses: bound = [], expiresAt = null } = more;
  const key = newApiKey(tenant.id);
  const { hash } = parseApiKey(key) as { hash: Buffer };
  const row = { hash, name: 'Test', permissions, addresses: bound, createdBy, expiresAt };
  const id = await identity.withTenant(tenant.id, 's:test', () => identity.transaction((tx) => insertKey(tx, row)));
  return { id, key };
}

/** Makes a mailed link and returns its token. */
export async function addLink(
  { server }: Pick<Stage, 'server'>,
  kind: LinkKind,
  email: string,
  body: Record<string, string> = {},
): Promise<string> {
  const token = newOpaque();
  await insertLink(server.platform.people.unsealed, { hash: hashOf(token), kind, email, body, seconds: HOUR });
  return token;
}

/** Makes an invitation of the tenant's owner. */
export async function addInvitation(
  { server }: Pick<Stage, 'server'>,
  tenant: TestTenant,
  email: string,
  role: Role = 'member',
): Promise<{ id: string; token: string }> {
  const { identity } = server.platform;
  const token = newTenantOpaque(tenant.id);
  const row = { hash: hashOf(token), email, role, invitedBy: `u:${tenant.ownerId}`, seconds: HOUR };
  const id = await identity.withTenant(tenant.id, 's:test', () =>
    identity.transaction((tx) => insertInvitation(tx, row)),
  );
  return { id, token };
}

/** Adds a contact or a company, at version 1. */
export async function addRecord(
  { server }: Pick<Stage, 'server'>,
  tenant: Pick<TestTenant, 'id'>,
  table: 'contacts' | 'companies',
): Promise<string> {
  const text = `insert into crm.${table} (tenant_id, name) values ($1, 'Somebody') returning id`;
  const { rows } = await server.db.admin.query<{ id: string }>(text, [tenant.id]);
  return (rows[0] as { id: string }).id;
}
