import { z } from 'zod';
import { company, companyCreate, companyPatch, contact, contactCreate, contactPatch } from './crm.ts';
import { listParams, type Resource } from './list.ts';
import type { Permission } from './permissions.ts';
import type { Code } from './problem.ts';
import { onboardingRequest, tenant } from './tenant.ts';
import { uuid } from './text.ts';

/**
 * One address of the wire. `host`: `tenant` is `{slug}.<base>` and `api.<base>`, `operator` is `operator.<base>`.
 * `permission`: one of a role, or `member` (any principal of the tenant), `operator`, `public`.
 * `key` says that it takes `Idempotency-Key`, `version` that it needs `If-Match`, `etag` that the answer has `ETag`.
 */
export type Route = {
  summary: string;
  host: 'tenant' | 'operator' | 'any';
  permission: Permission | 'member' | 'operator' | 'public';
  params?: z.ZodObject;
  query?: z.ZodType;
  list?: Resource;
  body?: z.ZodType;
  key?: 'optional' | 'required';
  version?: true;
  ok: { status: 200 | 201 | 204; schema: z.ZodType | null; etag?: true };
  problems: readonly Code[];
};

const always = ['HOST_INVALID', 'TARGET_INVALID', 'REQUEST_INVALID', 'INTERNAL'] as const;
const database = ['POOL_BUSY', 'DATABASE_UNAVAILABLE', 'TIMED_OUT'] as const;
const read = [...always, 'CREDENTIAL_MISSING', 'CREDENTIAL_INVALID', 'NOT_FOUND', ...database] as const;
const readTenant = [...read, 'TENANT_SUSPENDED', 'PERMISSION_MISSING'] as const;
const write = [...readTenant, 'REQUEST_RUNNING', 'TENANT_READ_ONLY', 'KEY_REUSED', 'OUTCOME_UNKNOWN'] as const;
const body = ['BODY_INVALID', 'BODY_TOO_LARGE', 'MEDIA_TYPE_UNSUPPORTED'] as const;
const versioned = ['VERSION_STALE', 'VERSION_NEEDED'] as const;
const values = ['CONFLICT', 'VALUE_REFUSED'] as const;

const byId = z.strictObject({ id: uuid });
const bySlug = z.strictObject({ slug: z.string().max(40) });

function page<S extends z.ZodType>(item: S) {
  return z.strictObject({ items: z.array(item), next: z.string().nullable() });
}

/** One page of a list: `next` is the cursor of the page after, or null. */
export const contactPage = page(contact);
export const companyPage = page(company);
export const tenantPage = page(tenant);

const status = <T extends string>(text: T) => z.strictObject({ status: z.literal(text) });

/** The contract: every address with what it takes, what it answers and how it can fail. */
export const routes = {
  'GET /v1/contacts': {
    summary: 'List contacts',
    host: 'tenant',
    permission: 'crm.read',
    query: listParams('contacts'),
    list: 'contacts',
    ok: { status: 200, schema: contactPage },
    problems: [...readTenant, 'CURSOR_INVALID'],
  },
  'POST /v1/contacts': {
    summary: 'Create a contact',
    host: 'tenant',
    permission: 'crm.write',
    body: contactCreate,
    key: 'optional',
    ok: { status: 201, schema: contact, etag: true },
    problems: [...write, ...body, ...values],
  },
  'GET /v1/contacts/{id}': {
    summary: 'Read a contact',
    host: 'tenant',
    permission: 'crm.read',
    params: byId,
    ok: { status: 200, schema: contact, etag: true },
    problems: readTenant,
  },
  'PATCH /v1/contacts/{id}': {
    summary: 'Change a contact',
    host: 'tenant',
    permission: 'crm.write',
    params: byId,
    body: contactPatch,
    key: 'optional',
    version: true,
    ok: { status: 200, schema: contact, etag: true },
    problems: [...write, ...body, ...versioned, ...values],
  },
  'DELETE /v1/contacts/{id}': {
    summary: 'Delete a contact',
    host: 'tenant',
    permission: 'crm.write',
    params: byId,
    key: 'optional',
    version: true,
    ok: { status: 204, schema: null },
    problems: [...write, ...versioned],
  },
  'GET /v1/companies': {
    summary: 'List companies',
    host: 'tenant',
    permission: 'crm.read',
    query: listParams('companies'),
    list: 'companies',
    ok: { status: 200, schema: companyPage },
    problems: [...readTenant, 'CURSOR_INVALID'],
  },
  'POST /v1/companies': {
    summary: 'Create a company',
    host: 'tenant',
    permission: 'crm.write',
    body: companyCreate,
    key: 'optional',
    ok: { status: 201, schema: company, etag: true },
    problems: [...write, ...body, ...values],
  },
  'GET /v1/companies/{id}': {
    summary: 'Read a company',
    host: 'tenant',
    permission: 'crm.read',
    params: byId,
    ok: { status: 200, schema: company, etag: true },
    problems: readTenant,
  },
  'PATCH /v1/companies/{id}': {
    summary: 'Change a company',
    host: 'tenant',
    permission: 'crm.write',
    params: byId,
    body: companyPatch,
    key: 'optional',
    version: true,
    ok: { status: 200, schema: company, etag: true },
    problems: [...write, ...body, ...versioned, ...values],
  },
  'DELETE /v1/companies/{id}': {
    summary: 'Delete a company; its contacts stay and lose the reference',
    host: 'tenant',
    permission: 'crm.write',
    params: byId,
    key: 'optional',
    version: true,
    ok: { status: 204, schema: null },
    problems: [...write, ...versioned],
  },
  'GET /v1/tenant': {
    summary: 'Read the tenant of this request',
    host: 'tenant',
    permission: 'member',
    ok: { status: 200, schema: tenant },
    problems: readTenant,
  },
  'POST /v1/operator/tenants': {
    summary: 'Onboard a tenant with its owner and default data, all or nothing',
    host: 'operator',
    permission: 'operator',
    body: onboardingRequest,
    key: 'required',
    ok: { status: 201, schema: tenant },
    problems: [
      ...read,
      ...body,
      'SLUG_TAKEN',
      'SLUG_REFUSED',
      'VALUE_REFUSED',
      'REQUEST_RUNNING',
      'KEY_REUSED',
      'OUTCOME_UNKNOWN',
    ],
  },
  'GET /v1/operator/tenants': {
    summary: 'List tenants',
    host: 'operator',
    permission: 'operator',
    query: listParams('tenants'),
    list: 'tenants',
    ok: { status: 200, schema: tenantPage },
    problems: [...read, 'CURSOR_INVALID'],
  },
  'GET /v1/operator/tenants/{slug}': {
    summary: 'Read a tenant',
    host: 'operator',
    permission: 'operator',
    params: bySlug,
    ok: { status: 200, schema: tenant },
    problems: read,
  },
  'POST /v1/operator/tenants/{slug}/suspend': {
    summary: 'Suspend a tenant: nothing of it can be read or written until it is resumed',
    host: 'operator',
    permission: 'operator',
    params: bySlug,
    ok: { status: 200, schema: tenant },
    problems: [...read, 'CONFLICT', 'OUTCOME_UNKNOWN'],
  },
  'POST /v1/operator/tenants/{slug}/resume': {
    summary: 'Resume a suspended tenant',
    host: 'operator',
    permission: 'operator',
    params: bySlug,
    ok: { status: 200, schema: tenant },
    problems: [...read, 'CONFLICT', 'OUTCOME_UNKNOWN'],
  },
  'GET /healthz': {
    summary: 'Tell that the process answers',
    host: 'any',
    permission: 'public',
    ok: { status: 200, schema: status('ok') },
    problems: always,
  },
  'GET /readyz': {
    summary: 'Tell that the process can serve tenants',
    host: 'any',
    permission: 'public',
    ok: { status: 200, schema: status('ready') },
    problems: [...always, 'DATABASE_UNAVAILABLE'],
  },
  'GET /openapi.json': {
    summary: 'Read this document',
    host: 'any',
    permission: 'public',
    ok: { status: 200, schema: z.record(z.string(), z.unknown()) },
    problems: always,
  },
} as const satisfies Record<`${'GET' | 'POST' | 'PATCH' | 'DELETE'} /${string}`, Route>;

export type Routes = typeof routes;
export type RouteKey = keyof Routes;

/** A part of a route's request after it was checked; undefined where the route takes none. */
export type RequestPart<K extends RouteKey, Part extends 'params' | 'body'> = Routes[K] extends {
  [P in Part]: infer S extends z.ZodType;
}
  ? z.output<S>
  : undefined;

/** The body of a route's answer; null where it has none. */
export type Answer<K extends RouteKey> = Routes[K]['ok']['schema'] extends z.ZodType
  ? z.input<Routes[K]['ok']['schema']>
  : null;
