import { parseSlug } from '@businessos/contract';
import { sql } from '@businessos/tenancy';
import type { Handlers } from '../gateway/handler.ts';
import { Refusal } from '../refusal.ts';
import { type OnboardingSteps, onboard } from './onboarding.ts';
import type { TenantService } from './service.ts';

/** The tenants' part of the contract: a tenant's own record, and the operator's addresses. */
export function tenantRoutes(service: TenantService, steps: OnboardingSteps) {
  return {
    'GET /v1/tenant': async ({ scope, db }) => {
      await db.query(sql('tenant_is_served')`select tenancy.current_tenant()`); // a suspended one is refused by PostgreSQL
      return { body: await service.get({ id: scope.tenantId }) };
    },
    'POST /v1/operator/tenants': async ({ body, key }) => ({ body: await onboard(service, steps, key, body) }),
    'GET /v1/operator/tenants': async ({ list }) => ({ body: await service.list(list) }),
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

function known(slug: string): string {
  if (!parseSlug(slug).ok) throw new Refusal('NOT_FOUND');
  return slug;
}
