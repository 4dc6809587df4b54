import { allPermissions } from '@businessos/contract';
import { sql } from '@businessos/tenancy';
import type { Handlers } from '../gateway/handler.ts';
import { networks } from '../http/address.ts';
import { Refusal } from '../refusal.ts';
import { newApiKey, parseApiKey } from './api-key.ts';
import type { IdentityContext } from './context.ts';
import * as credentials from './credential-store.ts';
import { revocation } from './login-store.ts';
import * as store from './member-store.ts';
import * as members from './members.ts';

/** Members, invitations and keys: a tenant's part of identity. Each handler runs in the tenant's scope, as bos_identity. */
export function identityRoutes(context: IdentityContext) {
  const learn = () => context.feed.learn();
  return {
    'GET /v1/me': async ({ db, rights: { principal, tenant, role, may } }) => {
      await db.query(sql('tenant_is_served')`select tenancy.current_tenant()`); // a suspended one is refused by PostgreSQL
      return {
        body: {
          principal,
          tenant: { id: tenant.id, slug: tenant.slug, name: tenant.name },
          role: role ?? null,
          permissions: allPermissions.filter(may),
        },
      };
    },
    'DELETE /v1/me/membership': async ({ db, rights }) => {
      await members.removeMember(db, rights, rights.personId);
      return { body: null, after: learn };
    },
    'GET /v1/members': async ({ db }) => ({ body: { items: (await store.listMembers(db)).map(memberOf) } }),
    'PATCH /v1/members/{id}': async ({ db, rights, params, body }) => ({
      body: memberOf(await members.changeRole(db, rights, params.id, body.role)),
      after: learn,
    }),
    'DELETE /v1/members/{id}': async ({ db, rights, params }) => {
      await members.removeMember(db, rights, params.id);
      return { body: null, after: learn };
    },
    'POST /v1/ownership': async ({ db, rights, body }) => {
      await members.transferOwnership(db, rights, body.person);
      return { body: null, after: learn };
    },
    'POST /v1/invitations': async ({ db, rights, body }) => {
      await members.throttleInvitation(context, rights.tenant.id, body.email);
      const id = await members.invite(context, db, rights, body);
      return { body: { id }, after: () => context.outbox.kick() };
    },
    'GET /v1/invitations': async ({ db }) => ({
      body: {
        items: (await store.listInvitations(db)).map(({ created_at, expires_at, accepted_at, ...rest }) => ({
          ...rest,
          created_at: created_at.toISOString(),
          expires_at: expires_at.toISOString(),
          accepted_at: accepted_at?.toISOString() ?? null,
        })),
      },
    }),
    'DELETE /v1/invitations/{id}': async ({ db, params }) => {
      await members.withdrawInvitation(db, params.id);
      return { body: null };
    },
    'POST /v1/api-keys': async ({ db, rights, body }) => {
      await members.requireMaker(db, rights, body.permissions);
      checkKey(body);
      const key = newApiKey(rights.tenant.id);
      const id = await credentials.insertKey(db, {
        hash: (parseApiKey(key) as { hash: Buffer }).hash,
        name: body.name,
        permissions: body.permissions,
        addresses: body.addresses ?? [],
        createdBy: rights.personId,
        expiresAt: body.expires_at ?? null,
      });
      await credentials.note(db, 'key.made', id, { name: body.name, permissions: body.permissions });
      return { body: { id, key } };
    },
    'GET /v1/api-keys': async ({ db }) => ({
      body: {
        items: (await credentials.listKeys(db)).map(({ created_at, last_used_at, expires_at, ...rest }) => ({
          ...rest,
          created_at: created_at.toISOString(),
          last_used_at: last_used_at?.toISOString() ?? null,
          expires_at: expires_at?.toISOString() ?? null,
        })),
      },
    }),
    'DELETE /v1/api-keys/{id}': async ({ db, params }) => {
      const name = await credentials.deleteKey(db, params.id);
      if (name === undefined) throw new Refusal('NOT_FOUND');
      await credentials.note(db, 'key.revoked', params.id, { name });
      await db.query(revocation(`k:${params.id}`), { last: true });
      return { body: null, after: learn };
    },
  } satisfies Partial<Handlers>;
}

function memberOf({ person_id: id, joined_at, ...rest }: store.MemberRow) {
  return { id, ...rest, joined_at: joined_at.toISOString() };
}

function checkKey({
  addresses = [],
  expires_at,
}: {
  addresses?: string[] | undefined;
  expires_at?: string | undefined;
}) {
  const wrong = addresses.findIndex((text) => {
    try {
      networks([text]);
      return false;
    } catch {
      return true;
    }
  });
  if (wrong >= 0) {
    const fix = 'write it like 203.0.113.7 or 2001:db8::/32';
    throw new Refusal('VALUE_REFUSED', {
      errors: [{ field: `addresses.${wrong}`, problem: 'is not an address or a network', fix }],
    });
  }
  if (expires_at !== undefined && Date.parse(expires_at) <= Date.now()) {
    throw new Refusal('VALUE_REFUSED', {
      errors: [{ field: 'expires_at', problem: 'is over already', fix: 'choose a time to come' }],
    });
  }
}
