import type { z } from 'zod';
import type { Resource } from './list.ts';
import type { Permission } from './permissions.ts';
import type { Code } from './problem.ts';

/**
 * One address of the wire. `host`: `tenant` is `{slug}.<base>` and `api.<base>`, `id` is `id.<base>`, `operator` is
 * `operator.<base>`. `permission`: one of a role, `member` (any principal of the tenant), `person` (a member who is no
 * API key), `login` (a browser signed in at `id`), `operator`, `public`. `fresh` says that the sign-in must be at most
 * ten minutes old. `key` says that it takes `Idempotency-Key`, `version` that it needs `If-Match`, `etag` that the
 * answer has `ETag`; `also` is a second status for the same body.
 */
export type Route = {
  summary: string;
  host: 'tenant' | 'id' | 'operator' | 'any';
  permission: Permission | 'member' | 'person' | 'login' | 'operator' | 'public';
  fresh?: true;
  params?: z.ZodObject;
  query?: z.ZodType;
  list?: Resource;
  body?: z.ZodType;
  key?: 'optional' | 'required';
  version?: true;
  ok: { status: 200 | 201 | 202 | 204; also?: 200; schema: z.ZodType | null; etag?: true };
  problems: readonly Code[];
};

export type RouteTable = Record<`${'GET' | 'POST' | 'PATCH' | 'DELETE'} /${string}`, Route>;

export const always = ['HOST_INVALID', 'TARGET_INVALID', 'REQUEST_INVALID', 'INTERNAL'] as const;
export const database = ['POOL_BUSY', 'DATABASE_UNAVAILABLE', 'TIMED_OUT'] as const;
const credential = ['CREDENTIAL_MISSING', 'CREDENTIAL_INVALID', 'REVOCATION_UNKNOWN'] as const;
export const read = [...always, ...credential, 'NOT_FOUND', ...database] as const;
export const readTenant = [...read, 'TENANT_SUSPENDED', 'PERMISSION_MISSING'] as const;
export const change = [...readTenant, 'CROSS_ORIGIN', 'TENANT_READ_ONLY', 'OUTCOME_UNKNOWN'] as const;
export const write = [...change, 'REQUEST_RUNNING', 'KEY_REUSED'] as const;
export const body = ['BODY_INVALID', 'BODY_TOO_LARGE', 'MEDIA_TYPE_UNSUPPORTED'] as const;
export const versioned = ['VERSION_STALE', 'VERSION_NEEDED'] as const;
export const values = ['CONFLICT', 'VALUE_REFUSED'] as const;
