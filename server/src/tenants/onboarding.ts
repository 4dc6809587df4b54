import { createHash, randomUUID } from 'node:crypto';
import { type OnboardingRequest, parseSlug, type Tenant } from '@businessos/contract';
import { TenancyError } from '@businessos/tenancy';
import { detailOf, Refusal } from '../refusal.ts';
import type { TenantService } from './service.ts';
import * as store from './store.ts';

/** What onboarding needs from the other services, given by the composition. */
export interface OnboardingSteps {
  /** First user and default data of a new tenant, under its seal as `s:setup`; a repeat writes nothing twice. */
  fill(tenantId: string, request: OnboardingRequest): Promise<void>;
  /** Proves that the new tenant sees nobody and nobody sees it. */
  probe(tenantId: string, neighbour: string | undefined): Promise<void>;
}

const SETUP_REASON = 'onboard a tenant';

/**
 * Onboards a tenant under an Idempotency-Key, all or nothing over three roles: (1) placement, tenant and home in mode
 * `provisioning`, one transaction; (2) first user and default data under the tenant's seal; (3) the probe, then `open`.
 * Until then nobody resolves it. After a crash the same key, or the sweeper, goes on where it stopped.
 * @throws Refusal SLUG_REFUSED, SLUG_TAKEN, VALUE_REFUSED (region), KEY_REUSED.
 */
export async function onboard(
  service: TenantService,
  steps: OnboardingSteps,
  key: string,
  request: OnboardingRequest,
  tenantId: string = randomUUID(),
): Promise<Tenant> {
  const slug = parseSlug(request.slug);
  if (!slug.ok)
    throw new Refusal('SLUG_REFUSED', { errors: [{ field: 'slug', problem: slug.problem, fix: slug.fix }] });
  const hash = createHash('sha256').update(JSON.stringify(request)).digest('hex');
  const id = await begin(service, key, hash, request, tenantId);
  return await finish(service, steps, key, id, request);
}

/**
 * Finishes what a crash left in mode `provisioning`. Returns the tenants that are open now.
 * @throws AggregateError naming the tenants that stay closed, after all others were finished.
 */
export async function sweepOnboardings(
  service: TenantService,
  steps: OnboardingSteps,
  olderThanS = 60,
): Promise<string[]> {
  const stale = await service.tenancy.privileged('find onboardings that did not finish', (db) =>
    store.staleOnboardings(db, olderThanS),
  );
  const finished: string[] = [];
  const failed: { tenantId: string; error: unknown }[] = [];
  for (const { key, tenant_id: tenantId, request } of stale) {
    if (request === null) continue;
    try {
      await finish(service, steps, key, tenantId, request);
      finished.push(tenantId);
    } catch (error) {
      failed.push({ tenantId, error });
    }
  }
  if (failed.length > 0) {
    const causes = failed.map(({ tenantId, error }) => `${tenantId}: ${detailOf(error)}`);
    throw new AggregateError(
      failed.map(({ error }) => error),
      `onboardings that cannot be finished: ${causes.join('; ')}`,
    );
  }
  return finished;
}

async function begin(
  service: TenantService,
  key: string,
  hash: string,
  request: OnboardingRequest,
  tenantId: string,
): Promise<string> {
  try {
    return await service.tenancy.privileged(SETUP_REASON, (db) =>
      db.transaction(async (tx) => {
        if (!(await store.takeOnboarding(tx, key, hash, tenantId, request))) {
          const known = await store.findOnboarding(tx, key);
          if (known?.request_hash !== hash) throw new Refusal('KEY_REUSED');
          return known.tenant_id;
        }
        const clusterId = await store.activeCluster(tx, request.region);
        if (clusterId === undefined) {
          const fix = `use one of: ${(await store.activeRegions(tx)).join(', ')}`;
          throw new Refusal('VALUE_REFUSED', { errors: [{ field: 'region', problem: 'has no cluster', fix }] });
        }
        await store.insertTenant(tx, tenantId, clusterId, request);
        return tenantId;
      }),
    );
  } catch (error) {
    if (error instanceof TenancyError && error.code === 'CONFLICT' && error.constraint?.includes('slug')) {
      throw new Refusal('SLUG_TAKEN', { errors: [{ field: 'slug', problem: 'is taken', fix: 'choose another slug' }] });
    }
    throw error;
  }
}

async function finish(
  service: TenantService,
  steps: OnboardingSteps,
  key: string,
  tenantId: string,
  request: OnboardingRequest,
): Promise<Tenant> {
  const known = await service.tenancy.privileged(SETUP_REASON, (db) => store.findTenant(db, { id: tenantId }));
  if (known?.mode === 'provisioning') {
    await steps.fill(tenantId, request);
    const neighbour = await service.tenancy.privileged(SETUP_REASON, (db) => store.findNeighbour(db, tenantId));
    await steps.probe(tenantId, neighbour);
    await service.tenancy.privileged(SETUP_REASON, (db) =>
      db.transaction((tx) => store.finishOnboarding(tx, key, tenantId)),
    );
  }
  service.forget(tenantId, request.slug);
  return await service.get({ id: tenantId });
}
