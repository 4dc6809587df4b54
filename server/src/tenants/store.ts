import type { Mode, OnboardingRequest, Plan, Tenant, TenantConfig } from '@businessos/contract';
import { type Statement, sql, type Unscoped } from '@businessos/tenancy';

type Db = Pick<Unscoped, 'query'>;

export interface TenantRow {
  tenant_id: string;
  slug: string;
  name: string;
  region: string;
  plan: Plan;
  mode: Mode;
  config: TenantConfig;
  created_at: Date;
}

export interface OnboardingRow {
  key: string;
  request_hash: string;
  tenant_id: string;
  request: OnboardingRequest | null;
  done_at: Date | null;
}

const SELECT = sql`select t.tenant_id, t.tenant_id as id, t.slug, t.name, t.region, t.plan, h.mode, t.config, t.created_at
  from control.tenants t join tenancy.homes h using (tenant_id)`;

/** A row as the contract answers it. */
export function tenantOf(row: TenantRow): Tenant {
  const { tenant_id: id, created_at, ...rest } = row;
  return { id, ...rest, created_at: created_at.toISOString() };
}

export async function findTenant(db: Db, by: { slug: string } | { id: string }): Promise<TenantRow | undefined> {
  const statement =
    'slug' in by
      ? sql('tenant_by_slug')`${SELECT} where t.slug = ${by.slug}`
      : sql('tenant_by_id')`${SELECT} where t.tenant_id = ${by.id}`;
  return (await db.query<TenantRow>(statement)).rows[0];
}

/** One page of tenants; `condition` and `order` come from the checked list query. */
export async function listTenants(db: Db, condition: Statement, order: Statement, limit: number): Promise<TenantRow[]> {
  return (
    await db.query<TenantRow>(
      sql`select * from (${SELECT}) tenants where ${condition} order by ${order} limit ${limit}`,
    )
  ).rows;
}

/** The tenant that an onboarding is checked against: any other one that is open. */
export async function findNeighbour(db: Db, tenantId: string): Promise<string | undefined> {
  const { rows } = await db.query<{ tenant_id: string }>(
    sql(
      'neighbour',
    )`select tenant_id from tenancy.homes where mode = 'open' and state = 'home' and tenant_id <> ${tenantId} limit 1`,
  );
  return rows[0]?.tenant_id;
}

export async function activeCluster(db: Db, region: string): Promise<string | undefined> {
  const { rows } = await db.query<{ cluster_id: string }>(
    sql(
      'active_cluster',
    )`select cluster_id from directory.clusters where region = ${region} and state = 'active' order by created_at limit 1`,
  );
  return rows[0]?.cluster_id;
}

export async function activeRegions(db: Db): Promise<string[]> {
  const { rows } = await db.query<{ region: string }>(
    sql('active_regions')`select distinct region from directory.clusters where state = 'active' order by 1`,
  );
  return rows.map(({ region }) => region);
}

/** Registers this installation's own cluster in the directory, once. */
export async function registerCluster(db: Db): Promise<void> {
  await db.query(
    sql`insert into directory.clusters (cluster_id, name, region)
        select cluster_id, region || '-1', region from tenancy.cluster on conflict do nothing`,
  );
}

/** Takes the key for a tenant; false when the key is there already. */
export async function takeOnboarding(
  db: Db,
  key: string,
  hash: string,
  tenantId: string,
  request: OnboardingRequest,
): Promise<boolean> {
  const { rowCount } = await db.query(
    sql`insert into control.onboardings (key, request_hash, tenant_id, request)
        values (${key}, ${hash}, ${tenantId}, ${JSON.stringify(request)}) on conflict (key) do nothing`,
  );
  return rowCount === 1;
}

export async function findOnboarding(db: Db, key: string): Promise<OnboardingRow | undefined> {
  return (await db.query<OnboardingRow>(sql`select * from control.onboardings where key = ${key}`)).rows[0];
}

/** Onboardings that began at least so many seconds ago and never finished. */
export async function staleOnboardings(db: Db, seconds: number): Promise<OnboardingRow[]> {
  const { rows } = await db.query<OnboardingRow>(
    sql`select * from control.onboardings where done_at is null and started_at < now() - make_interval(secs => ${seconds}) order by started_at limit 20`,
  );
  return rows;
}

/** Placement, tenant and home in mode `provisioning`. */
export async function insertTenant(
  db: Db,
  tenantId: string,
  clusterId: string,
  request: OnboardingRequest,
): Promise<void> {
  const { slug, name, region, plan, config } = request;
  await db.query(
    sql`insert into directory.placements (tenant_id, slug, region, cluster_id) values (${tenantId}, ${slug}, ${region}, ${clusterId})`,
  );
  await db.query(
    sql`insert into control.tenants (tenant_id, slug, name, region, plan, config) values (${tenantId}, ${slug}, ${name}, ${region}, ${plan}, ${JSON.stringify(config)})`,
  );
  await db.query(
    sql`insert into tenancy.homes (tenant_id, region, state, mode) values (${tenantId}, ${region}, 'home', 'provisioning')`,
  );
}

export async function finishOnboarding(db: Db, key: string, tenantId: string): Promise<void> {
  await db.query(sql`update tenancy.homes set mode = 'open' where tenant_id = ${tenantId} and mode = 'provisioning'`);
  await db.query(sql`update control.onboardings set done_at = now(), request = null where key = ${key}`);
}

/** Changes the mode where it is one of `from`; false when it was another. */
export async function changeMode(db: Db, tenantId: string, from: readonly Mode[], to: Mode): Promise<boolean> {
  const { rowCount } = await db.query(
    sql`update tenancy.homes set mode = ${to} where tenant_id = ${tenantId} and mode = any(${from})`,
  );
  return rowCount === 1;
}
