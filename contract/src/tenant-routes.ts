import { z } from 'zod';
import { listParams } from './list.ts';
import { body, type RouteTable, read, readTenant } from './route.ts';
import { onboardingRequest, tenant } from './tenant.ts';
import { page } from './text.ts';

const bySlug = z.strictObject({ slug: z.string().max(40) });

export const tenantPage = page(tenant);

/** A tenant's own record, and the operator's addresses. */
export const tenantRoutes = {
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
      'CROSS_ORIGIN',
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
    problems: [...read, 'CROSS_ORIGIN', 'CONFLICT', 'OUTCOME_UNKNOWN'],
  },
  'POST /v1/operator/tenants/{slug}/resume': {
    summary: 'Resume a suspended tenant',
    host: 'operator',
    permission: 'operator',
    params: bySlug,
    ok: { status: 200, schema: tenant },
    problems: [...read, 'CROSS_ORIGIN', 'CONFLICT', 'OUTCOME_UNKNOWN'],
  },
} as const satisfies RouteTable;
