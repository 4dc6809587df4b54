import assert from 'node:assert/strict';
import { sql, type Tenancy } from '../src/index.ts';
import { type TestDatabase, testDatabase } from '../src/testing.ts';

/** One protected table in which both tenants have a row with the same id, each with its own marker. */
export const TABLES = `
  create schema shop authorization bos_owner;
  set local role bos_owner;
  grant usage on schema shop to bos_app;
  create table shop.notes (id uuid primary key default gen_random_uuid(), body text not null, n int);
  select tenancy.protect('shop.notes');`;

export const SAME_ID = '00000000-0000-4000-8000-000000000001';

/** Makes the database; `markers` of further tenants can be added by inserting as the admin. */
export async function openStage(): Promise<TestDatabase & { marker(tenant: string): string }> {
  const db = await testDatabase({ tables: TABLES });
  const marker = (tenant: string) => `canary-${tenant}`;
  for (const tenant of db.tenants)
    await db.admin.query('insert into shop.notes (tenant_id, id, body) values ($1, $2, $3)', [
      tenant,
      SAME_ID,
      marker(tenant),
    ]);
  return Object.assign(db, { marker });
}

/** Opens a kernel on a stage of its own, with what most tests do: act as a tenant, count its rows, find no lease left. */
export async function openKernel() {
  const db = await openStage();
  const [a, b] = db.tenants;
  const tenancy = await db.tenancy({ connections: 3, multiplexed: 2, perTenant: 3 });
  const as = <T>(tenant: string, work: () => Promise<T>, kernel: Tenancy = tenancy) =>
    kernel.withTenant(tenant, 's:test', work);
  const count = async (tenant: string) =>
    Number((await as(tenant, () => tenancy.query(sql`select count(*) from shop.notes`))).rows[0]?.['count']);
  const clean = async () => {
    // an aborted statement gives its connection back when the server has let it go
    const busy = () => tenancy.counters().multiplexedInFlight + tenancy.counters().leased > 0;
    for (let i = 0; i < 500 && busy(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
    const { leased, waiting, multiplexedInFlight } = tenancy.counters();
    assert.deepEqual({ leased, waiting, multiplexedInFlight }, { leased: 0, waiting: 0, multiplexedInFlight: 0 });
  };
  return { db, a, b, tenancy, as, count, clean };
}
