import { TenancyError } from './errors.ts';
import type { Resolved, Resolver, TenantRequest } from './resolve.ts';
import type { Tenancy } from './tenancy.ts';

export { createTokenVerifier, signToken, type TokenClaims, type TokenKey, type TokenVerifier } from './jwt.ts';
export { createResolver, type Resolver } from './resolve.ts';

interface Request {
  rawHeaders: string[];
  headers: { authorization?: string | undefined };
  tenantId?: string;
  tenant?: Resolved;
}
interface Response {
  status(code: number): { json(body: unknown): void };
}

const STATUS: Record<string, number> = {
  NOT_FOUND: 404,
  CREDENTIAL_MISSING: 401,
  CREDENTIAL_INVALID: 401,
  TENANT_SUSPENDED: 403,
};
const BEARER = /^Bearer ([A-Za-z0-9._-]+)$/i;

/**
 * Express middleware: JWT validated → tenant resolved from subdomain or `x-tenant` → `req.tenantId` and the scope set,
 * so that every query behind it is filtered by PostgreSQL. Anything that does not agree is answered here.
 */
export function tenantScope(tenancy: Tenancy, resolve: Resolver, { baseDomain }: { baseDomain: string }) {
  return async (request: Request, response: Response, next: (error?: unknown) => void): Promise<void> => {
    let resolved: Resolved;
    try {
      resolved = await resolve(readTenantRequest(request.rawHeaders, baseDomain));
    } catch (error) {
      const status = error instanceof TenancyError ? STATUS[error.code] : undefined;
      if (status === undefined) return next(error);
      response.status(status).json(error);
      return;
    }
    request.tenantId = resolved.tenant.id;
    request.tenant = resolved;
    await tenancy.withTenant(resolved.tenant.id, resolved.principal, () => next());
  };
}

/**
 * Reads host, `x-tenant` and bearer token from raw headers (which keep duplicates apart).
 * @throws TenancyError NOT_FOUND for a doubled header or a host outside of the base domain.
 */
export function readTenantRequest(rawHeaders: readonly string[], baseDomain: string): TenantRequest {
  const host = single(rawHeaders, 'host')
    ?.toLowerCase()
    .replace(/:\d{1,5}$/, '');
  const label = host?.endsWith(`.${baseDomain}`) ? host.slice(0, -baseDomain.length - 1) : undefined;
  if (host === undefined || (label === undefined && host !== baseDomain)) throw odd('host');
  if (label !== undefined && !/^[a-z0-9-]{1,63}$/.test(label)) throw odd('host');
  const authorization = single(rawHeaders, 'authorization');
  return {
    hostSlug: label,
    headerSlug: single(rawHeaders, 'x-tenant'),
    token: authorization === undefined ? undefined : (BEARER.exec(authorization)?.[1] ?? ''),
  };
}

function single(rawHeaders: readonly string[], name: string): string | undefined {
  let found: string | undefined;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== name) continue;
    if (found !== undefined) throw odd(name);
    found = rawHeaders[at + 1];
  }
  return found;
}

function odd(name: string): TenancyError {
  return new TenancyError('NOT_FOUND', 'there is nothing here', { detail: `odd ${name}` });
}
