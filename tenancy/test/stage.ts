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
