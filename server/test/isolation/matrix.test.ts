import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runMatrix } from './matrix.ts';
import { nameOf, samples, servingRoles } from './rows.ts';
import { openStage } from './stage.ts';

const stage = await openStage();

test('every relation answers every command as the matrix says, under each seal and in each state of the tenant', async (t) => {
  const { cells, failures } = await runMatrix(stage);
  t.diagnostic(`${cells} cells over ${(await stage.tenantTables()).length} tenant tables and the exempt ones`);
  assert.deepEqual(failures, []);
  assert.ok(cells > 400);
});

test('every relation of the catalog is a tenant table with sample rows, or exempt with a reason', async () => {
  const { rows } = await stage.db.admin.query<{ name: string; kind: string }>(`
    select n.nspname || '.' || c.relname as name, c.relkind as kind from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
      and not exists (select from tenancy.exempt e where e.relation = n.nspname || '.' || c.relname)`);
  assert.deepEqual([...new Set(rows.map(({ name }) => nameOf(name)))].sort(), Object.keys(samples).sort());
});

test('no serving role reaches a sequence: its numbers would tell of other tenants', async () => {
  const { rows } = await stage.db.admin.query<{ name: string; role: string; may: boolean }>(
    `select c.oid::regclass::text as name, r as role, has_sequence_privilege(r, c.oid, 'usage, select, update') as may
     from pg_class c cross join unnest($1::text[]) r where c.relkind = 'S'`,
    [servingRoles],
  );
  assert.deepEqual(
    rows,
    servingRoles.map((role) => ({ name: 'audit.entry_ids', role, may: false })),
  );
});

test('a new table without a row in the matrix, or without protection, fails by name', async () => {
  const fresh = await openStage();
  await fresh.db.admin.query(`
    grant create on schema crm to bos_owner; set role bos_owner;
    create table crm.forgotten (tenant_id uuid, note text);
    create table crm.guarded (id uuid primary key, note text); select tenancy.protect('crm.guarded'); reset role`);
  const { failures } = await runMatrix(fresh);
  for (const name of ['crm.forgotten', 'crm.guarded'])
    assert.ok(
      failures.some(({ cell }) => cell === name),
      `${name} was not named`,
    );
  await assert.rejects(fresh.db.tenancy(), /crm\.forgotten/);
});
