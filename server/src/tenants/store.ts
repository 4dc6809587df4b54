import {
  type Mode,
  type OnboardingRequest,
  type Plan,
  type Tenant,
  type TenantConfig,
  tenantConfig,
} from '@businessos/contract';
import { type Statement, sql, type Unscoped } from '@businessos/tenancy';

type Db = Pick<Unscoped, 'query'>;

export interface TenantRow {
  tenant_id: string;
  slug: string;
  name: string;
  region: string;
  plan: Plan;
  mode: Mode;
  config: Partial<TenantConfig>;
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

const RESOLVE = sql`select f.seq as rev, f.generation as gen, t.tenant_id, t.slug, t.name, t.region, t.plan, h.mode, t.config, t.created_at
  from identity.feed_head f left join (control.tenants t join tenancy.homes h using (tenant_id)) on`;

/** A row as the contract answers it. */
export function tenantOf(row: TenantRow): Tenant {
  const { tenant_id: id, slug, name, region, plan, mode, config, created_at } = row;
  // parsed, since a config of an earlier program has not all that one of today has
  return {
    id,
    slug,
    name,
    region,
    plan,
    mode,
    config: tenantConfig.parse(config),
    created_at: created_at.toISOString(),
  };
}

export async function findTenant(db: Db, by: { slug: string } | { id: string }): Promise<TenantRow | undefined> {
  const statement =
    'slug' in by
      ? sql('tenant_by_slug')`${SELECT} where t.slug = ${by.slug}`
      : sql('tenant_by_id')`${SELECT} where t.tenant_id = ${by.id}`;
  return (await db.query<TenantRow>(statement)).rows[0];
}

/** Finds a tenant, and the position in the revocation feed that the same statement saw. */
export async function resolveTenant(
  db: Db,
  by: { slug: string } | { id: string },
): Promise<{ row: TenantRow | undefined; rev: number; gen: string }> {
  const found =
    'slug' in by
      ? sql('resolve_by_slug')`${RESOLVE} t.slug = ${by.slug}`
      : sql('resolve_by_id')`${RESOLVE} t.tenant_id = ${by.id}`;
  const { rows } = await db.query<TenantRow & { rev: string; gen: string }>(found);
  const { rev, gen, ...row } = rows[0] as TenantRow & { rev: string; gen: string };
  return { row: row.tenant_id === null ? undefined : row, rev: Number(rev), gen };
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

/** The tenants that are here and whose rows can be read. */
export async function servedTenants(db: Db): Promise<string[]> {
  const { rows } = await db.query<{ tenant_id: string }>(
    sql(
      'served_tenants',
    )`select tenant_id from tenancy.homes where state = 'home' and mode in ('open', 'read_only', 'deleting') order by 1`,
  );
  return rows.map(({ tenant_id }) => tenant_id);
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
  const { rows } = await db.query<{ slug: string }>(
    sql`update control.onboardings o set done_at = now(), request = null from control.tenants t
        where o.key = ${key} and t.tenant_id = o.tenant_id returning t.slug`,
  );
  for (const { slug } of rows) await db.query(sql('revoke')`select identity.revoke(${`n:${slug}`})`);
}

/** Changes the mode where it is one of `from`; false when it was another. */
export async function changeMode(
  db: Db,
  { id, slug }: { id: string; slug: string },
  from: readonly Mode[],
  to: Mode,
): Promise<boolean> {
  const { rowCount } = await db.query(
    sql`update tenancy.homes set mode = ${to} where tenant_id = ${id} and mode = any(${from})`,
  );
  if (rowCount === 1) await db.query(sql('revoke')`select identity.revoke(${`n:${slug}`})`);
  return rowCount === 1;
}
