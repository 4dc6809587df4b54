import { check, onboardingRequest, parseList, type Tenant } from '@businessos/contract';
import { listMembers } from './identity/store.ts';
import { Refusal } from './refusal.ts';
import type { Platform } from './start.ts';
import { onboard } from './tenants/onboarding.ts';

/** What the command line does beyond the services' own methods; refusals name the field and the fix. */

/** Onboards a tenant from untyped input. @throws Refusal REQUEST_INVALID and those of `onboard`. */
export async function createTenant(platform: Platform, key: string, input: unknown): Promise<Tenant> {
  const parsed = check(onboardingRequest, input);
  if (!parsed.ok) throw new Refusal('REQUEST_INVALID', { errors: parsed.errors });
  return await onboard(platform.tenants, platform.steps, key, parsed.value);
}

/** All tenants by slug, page by page. */
export async function listTenants(platform: Platform): Promise<Tenant[]> {
  const all: Tenant[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const query = parseList('tenants', [['limit', '100'], ...(after === '' ? [] : [['after', after] as const])]);
    if (!query.ok) throw new Refusal('REQUEST_INVALID', { errors: query.errors });
    const { items, next } = await platform.tenants.list(query.value);
    all.push(...items);
    after = next;
  }
  return all;
}

/** Finds a member of a tenant by e-mail, or its first owner. @throws Error naming what is missing. */
export async function findMember(
  platform: Platform,
  slug: string,
  email?: string,
): Promise<{ personId: string; tenantId: string; role: string }> {
  const tenant = await platform.tenants.find({ slug });
  if (tenant === undefined) throw new Error(`no tenant has the slug '${slug}'; bos tenant list shows them all`);
  const { identity } = platform;
  const members = await identity.withTenant(tenant.id, 's:cli', () => listMembers(identity));
  const member = email === undefined ? members[0] : members.find((one) => one.email === email.toLowerCase());
  if (member === undefined)
    throw new Error(
      `${tenant.name} has no member ${email ?? ''}; it has ${members.map((one) => one.email).join(', ') || 'none'}`,
    );
  return { personId: member.person_id, tenantId: tenant.id, role: member.role };
}
