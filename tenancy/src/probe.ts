import { fromDatabase, TenancyError } from './errors.ts';
import type { Lease } from './lease.ts';
import type { Pool } from './pool.ts';
import { makeScope, runInScope } from './scope.ts';
import { sql } from './sql.ts';
import { openingBytes } from './wire.ts';

const TENANT_TABLES = sql('probe_tables')`
  select format('%I.%I', n.nspname, c.relname) as name from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
    and has_table_privilege(c.oid, 'select') order by 1`;

/**
 * Proves in the running database, over every tenant table that this role reads, that the tenant sees no other, that
 * the neighbour (where there is one) does not see it, and that nothing is seen without a valid seal.
 * @throws TenancyError PROBE_FAILED naming relation and case.
 */
export async function probe(pool: Pool, tenantId: string, neighbour: string | undefined): Promise<void> {
  const own = makeScope(tenantId, 's:setup');
  const tables = await runInScope(own, async () =>
    (await pool.run(own, TENANT_TABLES, {})).rows.map(({ name }) => String(name)),
  );
  if (tables.length === 0) throw new TenancyError('PROBE_FAILED', 'there is no tenant table to probe');
  const cases: [who: string, tenant: string, condition: string][] = [[tenantId, tenantId, 'tenant_id <> $1']];
  if (neighbour !== undefined) cases.push([neighbour, tenantId, 'tenant_id = $1']);
  for (const [who, tenant, condition] of cases) {
    const text = tables
      .map((name) => `select '${name}' as name where exists (select from ${name} where ${condition})`)
      .join(' union all ');
    const scope = makeScope(who, 's:setup');
    const { rows } = await runInScope(scope, () => pool.run(scope, { text, values: [tenant], label: 'probe' }, {}));
    if (rows[0])
      throw failed(
        String(rows[0]['name']),
        who === tenantId ? 'the tenant sees a row of another' : 'another tenant sees its rows',
      );
  }
  await runInScope(own, async () => {
    const lease = await pool.lease(own);
    try {
      for (const name of tables) await refusesUnsealed(lease, name, tenantId);
    } finally {
      lease.release();
    }
  });
}

async function refusesUnsealed(lease: Lease, name: string, tenantId: string): Promise<void> {
  const { connection } = lease;
  const forged = `unknown0.${tenantId}.9999999999.${'0'.repeat(64)}`;
  for (const seal of ['', forged]) {
    const before = openingBytes(connection.prepared, seal);
    const { error } = await connection.send({ text: `select 1 from ${name} limit 1`, values: [], name: '', before });
    // a connection that broke has refused nothing and shown nothing
    const broken = error && fromDatabase(error, false);
    if (broken?.code === 'DATABASE_UNAVAILABLE') throw broken;
    const state = (error as { code?: string } | undefined)?.code;
    if (state !== '42501')
      throw failed(name, `${seal === '' ? 'without a seal' : 'with a forged seal'} it answered ${state ?? 'rows'}`);
  }
}

function failed(relation: string, what: string): TenancyError {
  return new TenancyError('PROBE_FAILED', 'the isolation probe failed', { detail: `${relation}: ${what}` });
}
