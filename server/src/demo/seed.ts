import type { OnboardingRequest } from '@businessos/contract';
import { sql } from '@businessos/tenancy';
import { ensureMember } from '../identity/member-store.ts';
import { hashPassword } from '../identity/password.ts';
import type { Platform } from '../start.ts';
import { onboard } from '../tenants/onboarding.ts';
import type { DemoTenant } from './demo-tenant.ts';
import { demoTenants } from './generate.ts';

/** With which all people of the demo sign in; shown on the start page. */
export const DEMO_PASSWORD = 'demo-of-businessos';

/**
 * Seeds the three demo tenants into an empty database, each by the product's own onboarding; a seeding that was
 * interrupted goes on at the next start. Does nothing in a database that holds only other tenants. Returns the demo's.
 */
export async function seedDemo(
  platform: Platform,
  log: (line: string) => void,
  now = new Date(),
): Promise<DemoTenant[]> {
  const tenants = demoTenants(now);
  const { rows } = await platform.tenancy.privileged('look whether the database is empty', (db) =>
    db.query<{ tenant_id: string; mode: string }>(sql`select tenant_id, mode from tenancy.homes`),
  );
  const modes = new Map(rows.map(({ tenant_id, mode }) => [tenant_id, mode]));
  if (modes.size > 0 && !tenants.some(({ id }) => modes.has(id))) return [];
  const open = new Set(
    tenants.filter(({ id }) => (modes.get(id) ?? 'provisioning') !== 'provisioning').map(({ id }) => id),
  );
  for (const tenant of tenants.filter(({ id }) => !open.has(id))) {
    log(`seeding ${tenant.name}`);
    const steps = { ...platform.steps, fill: (tenantId: string) => fill(platform, tenant, tenantId) };
    await onboard(platform.tenants, steps, `demo-${tenant.slug}`, requestOf(tenant), tenant.id);
  }
  return tenants;
}

function requestOf({ slug, name, region, plan, config, people }: DemoTenant): OnboardingRequest {
  const owner = people.find(({ role }) => role === 'owner');
  if (owner === undefined) throw new Error(`demo tenant ${slug} has no owner`);
  return { slug, name, region, plan, config, owner: { email: owner.email, name: owner.name } };
}

/** People by bos_identity, records by bos_app in one transaction; a repeat finds the first record and stops. */
async function fill({ identity, tenancy }: Platform, tenant: DemoTenant, tenantId: string): Promise<void> {
  const password = await hashPassword(DEMO_PASSWORD);
  await identity.withTenant(tenantId, 's:setup', async () => {
    const persons = new Map<string, string>();
    await identity.transaction(async (tx) => {
      for (const person of tenant.people)
        persons.set(person.id, await ensureMember(tx, tenantId, { ...person, password }));
    });
    await tenancy.transaction(async (tx) => {
      const { rowCount } = await tx.query(sql`select 1 from crm.companies limit 1`);
      if (rowCount) return;
      const companies = tenant.companies.map(({ id, name, domain, createdAt }) => ({
        id,
        name,
        domain,
        created_at: createdAt,
        updated_at: createdAt,
      }));
      await tx.insertMany('crm.companies', ['id', 'name', 'domain', 'created_at', 'updated_at'], companies);
      const contacts = tenant.contacts.map(({ companyId, owner, touchedAt, createdAt, ...rest }) => ({
        ...rest,
        company_id: companyId,
        owner: owner === null ? null : (persons.get(owner) ?? null),
        touched_at: touchedAt,
        created_at: createdAt,
        updated_at: createdAt,
      }));
      await tx.insertMany('crm.contacts', Object.keys(contacts[0] ?? {}), contacts);
    });
  });
}
