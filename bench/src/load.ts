import type { Stage } from './stage.ts';

/** A tenant of the stage, with a few of its contacts to read and change. */
export interface StageTenant {
  id: string;
  slug: string;
  contacts: string[];
}

/** How many of each tenant's contacts are named. */
const KNOWN = 50;

/** Fills the product's database with tenants of so many contacts each, past every guard, and analyzes it. */
export async function loadTenants(stage: Stage, tenants: number, contacts: number): Promise<StageTenant[]> {
  return await stage.inProduct(async (client) => {
    await client.query(TENANTS, [tenants]);
    await client.query(COMPANIES, [Math.max(1, Math.floor(contacts / 10))]);
    await client.query(CONTACTS, [contacts]);
    await client.query('vacuum analyze');
    await client.query('checkpoint');
    return (await client.query<StageTenant>(LOADED, [KNOWN])).rows;
  });
}

const TENANTS = `
  with cluster as (
    insert into directory.clusters (cluster_id, name, region)
    select cluster_id, region || '-1', region from tenancy.cluster returning cluster_id, region
  ), tenant as (
    select gen_random_uuid() as id, 'bench-' || n as slug, cluster.* from cluster, generate_series(1, $1) n
  ), placed as (
    insert into directory.placements (tenant_id, slug, region, cluster_id) select id, slug, region, cluster_id from tenant
  ), known as (
    insert into control.tenants (tenant_id, slug, name, region, plan) select id, slug, slug, region, 'pro' from tenant
  ) insert into tenancy.homes (tenant_id, region, state, mode) select id, region, 'home', 'open' from tenant`;

const COMPANIES = `
  insert into crm.companies (tenant_id, name, domain)
  select tenant_id, 'Company ' || n, 'company-' || n || '.example' from tenancy.homes, generate_series(1, $1) n`;

const CONTACTS = `
  insert into crm.contacts (tenant_id, company_id, name, email, phone, status, touched_at, created_at, updated_at)
  select h.tenant_id, k.ids[1 + n % cardinality(k.ids)], 'Contact ' || substr(md5(n::text), 1, 8) || ' ' || n,
    'contact' || n || '@company-' || n % 97 || '.example', '+49 30 ' || 100000 + n,
    (array['lead', 'active', 'customer', 'former'])[1 + n % 4], at, at, at
  from tenancy.homes h
  cross join lateral (select array_agg(id) as ids from crm.companies c where c.tenant_id = h.tenant_id) k
  cross join generate_series(1, $1::int) n
  cross join lateral (select now() - n * interval '7 minutes' as at) t`;

const LOADED = `
  select tenant_id as id, slug, (select array_agg(id) from (
      select id from crm.contacts c where c.tenant_id = t.tenant_id limit $1) picked) as contacts
  from control.tenants t order by slug`;
