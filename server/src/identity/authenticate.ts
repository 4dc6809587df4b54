import type { BlockList } from 'node:net';
import { allPermissions, type Permission, permits, type Role, type Tenant } from '@businessos/contract';
import { isUuid, type Tenancy, TenancyError } from '@businessos/tenancy';
import type { TokenClaims } from '@businessos/tenancy/express';
import { isTrusted, networks } from '../http/address.ts';
import type { Web } from '../http/web.ts';
import { Refusal } from '../refusal.ts';
import type { TenantService } from '../tenants/service.ts';
import { parseApiKey } from './api-key.ts';
import { type KeyRights, note, readKey, readSession, touchKeys } from './credential-store.ts';
import type { Feed, Position } from './feed.ts';
import { parseOpaque } from './opaque.ts';
import { MOST_ACCESS_S, type SigningKeys } from './signing-keys.ts';

/** What a request says of itself, in raw form. */
export interface Presented {
  hostSlug: string | undefined;
  headerSlug: string | undefined;
  /** What came as bearer token: an access token or an API key; '' for a header of another form. */
  bearer: string | undefined;
  /** The session cookie of a tenant's host. */
  session: string | undefined;
  web: Pick<Web, 'address' | 'requestId'>;
}

/** On whose behalf a request runs, and what it may do. */
export interface Rights {
  tenant: Tenant;
  principal: string;
  /** The member who acts; of an API key its maker, who does not act himself. */
  personId: string;
  /** Undefined for an API key. */
  role: Role | undefined;
  loginId: string | undefined;
  may(permission: Permission): boolean;
  /** False once they changed since they were read, or when that cannot be known: then they are to be resolved again. */
  stand(): boolean;
}

interface Credential extends Position {
  tenantId: string;
  rights: Omit<Rights, 'tenant' | 'stand'>;
  subjects: readonly string[];
  addresses?: BlockList;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

interface Cached {
  credential: Credential | undefined;
  until: number;
}

const SERVED = new Set<Tenant['mode']>(['open', 'read_only', 'deleting']);
const CACHED = 5_000;
const CACHED_MS = 60_000;

export interface AuthenticatorParts {
  identity: Tenancy;
  tenants: Pick<TenantService, 'find'>;
  feed: Feed;
  keys: SigningKeys;
}

/**
 * Decides whose a request is. Host, `x-tenant` and credential that are present must all name the same tenant, else the
 * answer is that of a missing tenant, and an event goes into the log of the credential's tenant. Rights are those that
 * one statement read, and hold until the revocation feed says otherwise; where that is unknown, nothing is allowed.
 */
export class Authenticator {
  readonly #parts: AuthenticatorParts;
  readonly #cache = new Map<string, Cached>();
  readonly #used = new Map<string, Map<string, Date>>();

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /** @throws Refusal REVOCATION_UNKNOWN when this process cannot know what was taken away. */
  requireKnown(): void {
    if (!this.#parts.feed.fresh) throw new Refusal('REVOCATION_UNKNOWN');
  }

  /** @throws Refusal NOT_FOUND, CREDENTIAL_MISSING, CREDENTIAL_INVALID, TENANT_SUSPENDED, REVOCATION_UNKNOWN. */
  async resolve(presented: Presented): Promise<Rights> {
    const { hostSlug, headerSlug, bearer, session } = presented;
    const { tenants, feed } = this.#parts;
    this.requireKnown(); // first, since a silent database would not answer what is asked below
    const slug = hostSlug ?? headerSlug;
    const agree = hostSlug === undefined || headerSlug === undefined || hostSlug === headerSlug;
    const named = slug === undefined || !agree ? undefined : await tenants.find({ slug });
    const missing = slug !== undefined && (named === undefined || !SERVED.has(named.mode));
    // a session is one at its host, whatever `x-tenant` says beside it
    const bySession = bearer === undefined && session !== undefined;
    const at = bySession && hostSlug !== undefined ? await tenants.find({ slug: hostSlug }) : undefined;
    if (bearer === undefined && at === undefined) throw new Refusal(missing ? 'NOT_FOUND' : 'CREDENTIAL_MISSING');
    const credential = at ? await this.#session(at, session ?? '') : await this.#bearer(bearer ?? '');
    if (credential === undefined || !this.#fits(credential, presented.web))
      throw new Refusal(missing ? 'NOT_FOUND' : 'CREDENTIAL_INVALID');
    const tenant = await tenants.find({ id: credential.tenantId });
    if (!agree || tenant === undefined || (slug !== undefined && named?.id !== tenant.id)) {
      if (tenant !== undefined) await this.#record(credential, presented);
      throw new Refusal('NOT_FOUND');
    }
    if (tenant.mode === 'suspended') throw new Refusal('TENANT_SUSPENDED');
    if (!SERVED.has(tenant.mode)) throw new Refusal('NOT_FOUND');
    return { tenant, ...credential.rights, stand: () => feed.fresh && !feed.isStale(credential, credential.subjects) };
  }

  /** Records that a principal asked for what it may not do. */
  async recordDenial({ tenant, principal }: Rights, what: string, requestId: string): Promise<void> {
    const { identity } = this.#parts;
    await identity.withTenant(tenant.id, principal, () => note(identity, 'access.denied', what, {}), { requestId });
  }

  /**
   * Writes down when keys were used last, one statement a tenant. @throws AggregateError after all others, for tenants
   * that take no write now.
   */
  async flushUse(): Promise<void> {
    const { identity } = this.#parts;
    const failed: unknown[] = [];
    for (const [tenantId, used] of [...this.#used]) {
      this.#used.delete(tenantId);
      const rows = [...used].map(([id, at]) => ({ id, at }));
      await identity
        .withTenant(tenantId, 's:gateway', () => touchKeys(identity, rows))
        .catch((error: unknown) => failed.push(error));
    }
    if (failed.length > 0) throw new AggregateError(failed, `${failed.length} tenants: ${failed[0]}`);
  }

  /** An access token or an API key; undefined for anything that gives no right now. */
  async #bearer(text: string): Promise<Credential | undefined> {
    const key = text.startsWith('bosk_') ? parseApiKey(text) : undefined;
    const credential = key ? await this.#apiKey(key) : this.#token(text);
    if (credential === undefined) return undefined;
    const gone = await this.#parts.feed.isGone(credential, credential.subjects).catch((cause: unknown) => {
      throw new Refusal('REVOCATION_UNKNOWN', { cause }); // the token may well be good
    });
    return gone ? undefined : credential;
  }

  #token(text: string): Credential | undefined {
    let claims: TokenClaims;
    try {
      claims = this.#parts.keys.verify(text);
    } catch (error) {
      if (error instanceof TenancyError && error.code === 'CREDENTIAL_INVALID') return undefined;
      throw error;
    }
    const { sub, tid, lid, role, rev, gen, iat, exp } = claims;
    if (tid === undefined || typeof rev !== 'number' || !isUuid(gen) || exp - iat > MOST_ACCESS_S) return undefined;
    const subjects = [`t:${tid}`, `m:${tid}:${sub}`, `p:${sub}`, ...(isUuid(lid) ? [`l:${lid}`] : [])];
    return {
      tenantId: tid,
      rev,
      gen,
      subjects,
      expiresAt: Number.POSITIVE_INFINITY, // checked with the signature, at every use
      rights: memberRights(sub, role as Role, isUuid(lid) ? lid : undefined),
    };
  }

  async #apiKey({ tenantId, hash }: { tenantId: string; hash: Buffer }): Promise<Credential | undefined> {
    const { identity } = this.#parts;
    const credential = await this.#cached(`k${hash.toString('base64')}`, async () => {
      const row = await identity.withTenant(tenantId, 's:gateway', () => readKey(identity, hash));
      return row === undefined || row.role === null ? undefined : keyCredential(tenantId, row, row.role);
    }).catch(noSuchTenant);
    if (credential) {
      const used = this.#used.get(tenantId) ?? new Map<string, Date>();
      this.#used.set(tenantId, used.set(credential.rights.principal.slice(2), new Date()));
    }
    return credential;
  }

  async #session(tenant: Tenant, cookie: string): Promise<Credential | undefined> {
    const { identity } = this.#parts;
    const hash = parseOpaque(cookie);
    if (hash === undefined || !SERVED.has(tenant.mode)) return undefined;
    return await this.#cached(`s${tenant.id}${hash.toString('base64')}`, async () => {
      const row = await identity.withTenant(tenant.id, 's:gateway', () => readSession(identity, hash));
      if (row === undefined) return undefined;
      const { person_id: person, login_id: login, rev, gen } = row;
      return {
        tenantId: tenant.id,
        rev,
        gen,
        subjects: [`t:${tenant.id}`, `m:${tenant.id}:${person}`, `p:${person}`, `l:${login}`],
        expiresAt: row.expires_at.getTime(),
        rights: memberRights(person, row.role, login),
      };
    }).catch(noSuchTenant);
  }

  /** Reads past the cache whatever is stale there; a miss is remembered too. */
  async #cached(key: string, load: () => Promise<Credential | undefined>): Promise<Credential | undefined> {
    const { feed } = this.#parts;
    const known = this.#cache.get(key);
    const good = known !== undefined && known.until > performance.now();
    if (good && (known.credential === undefined || !feed.isStale(known.credential, known.credential.subjects)))
      return known.credential;
    const credential = await load();
    if (credential) feed.seen(credential);
    this.#cache.delete(key);
    if (this.#cache.size >= CACHED) this.#cache.delete(this.#cache.keys().next().value as string);
    this.#cache.set(key, { credential, until: performance.now() + CACHED_MS });
    return credential;
  }

  #fits({ expiresAt, addresses }: Credential, web: Presented['web']): boolean {
    return expiresAt > Date.now() && (addresses === undefined || isTrusted(web.address, addresses));
  }

  async #record({ tenantId, rights }: Credential, { hostSlug, headerSlug, web }: Presented): Promise<void> {
    const { identity } = this.#parts;
    const { requestId, address } = web;
    const asked = [...new Set([hostSlug, headerSlug])].filter((slug) => slug !== undefined).join(' ');
    await identity.withTenant(
      tenantId,
      rights.principal,
      () => note(identity, 'access.refused', 'tenant', { asked, address }),
      { requestId },
    );
  }
}

function memberRights(personId: string, role: Role, loginId: string | undefined): Credential['rights'] {
  return { principal: `u:${personId}`, personId, role, loginId, may: (permission) => permits(role ?? '', permission) };
}

/** A key may what it names and its maker may at present. */
function keyCredential(tenantId: string, row: KeyRights, role: Role): Credential {
  const held = new Set(allPermissions.filter((one) => row.permissions.includes(one) && permits(role, one)));
  return {
    tenantId,
    rev: row.rev,
    gen: row.gen,
    subjects: [`t:${tenantId}`, `k:${row.id}`, `m:${tenantId}:${row.created_by}`],
    expiresAt: row.expires_at?.getTime() ?? Number.POSITIVE_INFINITY,
    ...(row.addresses.length > 0 && { addresses: networks(row.addresses) }),
    rights: {
      principal: `k:${row.id}`,
      personId: row.created_by,
      role: undefined,
      loginId: undefined,
      may: (permission) => held.has(permission),
    },
  };
}

/**
 * A tenant that is not here, or suspended, has no credentials to be found; anything else is a fault. Not remembered as a
 * miss, since the tenant may be back in a moment.
 */
function noSuchTenant(error: unknown): undefined {
  if (error instanceof TenancyError && ['TENANT_MOVED', 'TENANT_SUSPENDED'].includes(error.code)) return undefined;
  throw error;
}
