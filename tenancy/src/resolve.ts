import { TenancyError } from './errors.ts';
import type { TokenClaims, TokenVerifier } from './jwt.ts';

/** What the edge read from a request; framework-neutral. */
export interface TenantRequest {
  /** The tenant's name in the host, such as `acme` of acme.example.com; undefined where the host names none. */
  hostSlug?: string | undefined;
  /** The tenant's name in the `x-tenant` header. */
  headerSlug?: string | undefined;
  /** The bearer token, without `Bearer `. */
  token?: string | undefined;
}

/** A tenant as the directory knows it. */
export interface KnownTenant {
  id: string;
  slug: string;
  /** Only open and read-only tenants are served; a suspended one is told so to its own people only. */
  mode: string;
}

export interface Resolved<T extends KnownTenant = KnownTenant> {
  tenant: T;
  principal: string;
  claims: TokenClaims;
}

export interface ResolverOptions<T extends KnownTenant> {
  verify: TokenVerifier;
  /** Finds a tenant by slug or by id; undefined when there is none. */
  findTenant(by: { slug: string } | { id: string }): Promise<T | undefined> | T | undefined;
}

/** Decides whose a request is. @throws TenancyError NOT_FOUND, CREDENTIAL_MISSING, CREDENTIAL_INVALID, TENANT_SUSPENDED. */
export type Resolver<T extends KnownTenant = KnownTenant> = (request: TenantRequest) => Promise<Resolved<T>>;

const SERVED = new Set(['open', 'read_only', 'deleting']);

/**
 * Makes the resolver: host, header and token that are present must all name the same tenant, else the answer is that
 * of a missing tenant. That a tenant exists is public (it has an address), whether it is suspended is not.
 */
export function createResolver<T extends KnownTenant>({ verify, findTenant }: ResolverOptions<T>): Resolver<T> {
  return async ({ hostSlug, headerSlug, token }) => {
    if (hostSlug !== undefined && headerSlug !== undefined && hostSlug !== headerSlug)
      throw notFound('host and header differ');
    const slug = hostSlug ?? headerSlug;
    const named = slug === undefined ? undefined : await findTenant({ slug });
    if (slug !== undefined && named === undefined) throw notFound('no such tenant');
    if (token === undefined) {
      if (named !== undefined && !SERVED.has(named.mode)) throw notFound(`tenant is ${named.mode}`);
      throw new TenancyError('CREDENTIAL_MISSING', 'this request needs a credential');
    }
    const claims = verifyFor(named, verify, token);
    if (claims.tid === undefined) throw notFound('token without a tenant');
    const tenant = named ?? (await findTenant({ id: claims.tid }));
    if (tenant === undefined || tenant.id !== claims.tid) throw notFound('token of another tenant');
    if (tenant.mode === 'suspended') throw new TenancyError('TENANT_SUSPENDED', 'the tenant is suspended');
    if (!SERVED.has(tenant.mode)) throw notFound(`tenant is ${tenant.mode}`);
    return { tenant, principal: `u:${claims.sub}`, claims };
  };
}

function verifyFor(named: KnownTenant | undefined, verify: TokenVerifier, token: string): TokenClaims {
  try {
    return verify(token);
  } catch (error) {
    if (named !== undefined && !SERVED.has(named.mode)) throw notFound(`tenant is ${named.mode}`, error);
    throw error;
  }
}

function notFound(detail: string, cause?: unknown): TenancyError {
  return new TenancyError('NOT_FOUND', 'there is nothing here', { detail, cause });
}
