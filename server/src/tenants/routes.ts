import { type ListQuery, parseSlug, type Tenant } from '@businessos/contract';
import type { Handlers } from '../gateway/handler.ts';
import { closeCursor, listSql, where } from '../list-sql.ts';
import { Refusal } from '../refusal.ts';
import { type OnboardingSteps, onboard } from './onboarding.ts';
import type { TenantService } from './service.ts';
import * as store from './store.ts';

/** The tenants' part of the contract: a tenant's own record, and the operator's addresses. */
export function tenantRoutes(service: TenantService, steps: OnboardingSteps) {
  return {
    'GET /v1/tenant': async ({ scope }) => ({ body: await service.get({ id: scope.tenantId }) }),
    'POST /v1/operator/tenants': async ({ body, key }) => ({ body: await onboard(service, steps, key, body) }),
    'GET /v1/operator/tenants': async ({ list }) => ({ body: await listTenants(service, list) }),
    'GET /v1/operator/tenants/{slug}': async ({ params }) => ({
      body: await service.get({ slug: known(params.slug) }),
    }),
    'POST /v1/operator/tenants/{slug}/suspend': async ({ params }) => ({
      body: await service.suspend(known(params.slug)),
    }),
    'POST /v1/operator/tenants/{slug}/resume': async ({ params }) => ({
      body: await service.resume(known(params.slug)),
    }),
  } satisfies Partial<Handlers>;
}

/** One page of all tenants, for operators. */
export async function listTenants(
  service: TenantService,
  query: ListQuery,
): Promise<{ items: Tenant[]; next: string | null }> {
  const { conditions, order } = listSql('tenants', query, 'operator');
  const rows = await service.tenancy.privileged('list tenants', (db) =>
    store.listTenants(db, where(conditions), order, query.limit + 1),
  );
  const items = rows.slice(0, query.limit).map(store.tenantOf);
  const last = items.at(-1);
  if (rows.length <= query.limit || last === undefined) return { items, next: null };
  return {
    items,
    next: closeCursor(
      'tenants',
      query,
      'operator',
      query.sort.column === 'slug' ? last.slug : last.created_at,
      last.id,
    ),
  };
}

function known(slug: string): string {
  if (!parseSlug(slug).ok) throw new Refusal('NOT_FOUND');
  return slug;
}
