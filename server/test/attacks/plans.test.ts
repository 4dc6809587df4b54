import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ListQuery, parseList, type Resource } from '@businessos/contract';
import type { Querier, Statement } from '@businessos/tenancy';
import { listCompanies } from '../../src/crm/companies-store.ts';
import { listContacts } from '../../src/crm/contacts-store.ts';
import { openStage } from '../isolation/stage.ts';

const ROWS = 5_000;
const stage = await openStage();
const { db, a, b } = stage;
for (const tenant of [a, b]) {
  await db.admin.query(
    `insert into crm.companies (tenant_id, name) select $1, 'Ökowerk ' || n from generate_series(1, ${ROWS}) n`,
    [tenant],
  );
  await db.admin.query(
    `insert into crm.contacts (tenant_id, name, email, touched_at, created_at)
     select $1, 'Person ' || n, 'p' || n || '@in.example', now() - n * interval '1 minute', now() - n * interval '1 hour' from generate_series(1, ${ROWS}) n`,
    [tenant],
  );
}
await db.admin.query('vacuum analyze');
const tenancy = await db.tenancy();

interface Node {
  'Node Type': string;
  'Actual Rows'?: number;
  'Rows Removed by Filter'?: number;
  'Index Cond'?: string;
  Plans?: Node[];
}

/** Captures the statement that a store sends, so that what is explained is what is run. */
async function statementOf(
  list: (db: Querier, tenantId: string, query: ListQuery) => Promise<unknown>,
  query: ListQuery,
): Promise<Statement> {
  let sent: Statement | undefined;
  const spy: Querier = {
    query: async (statement) => {
      sent = statement;
      return { rows: [], rowCount: 0 } as never;
    },
  };
  await list(spy, a, query);
  return sent as Statement;
}

function nodes(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(nodes)];
}

async function queryOf(resource: Resource, text: string): Promise<ListQuery> {
  const parsed = parseList(resource, [...new URLSearchParams(text)]);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

const stores = { contacts: listContacts, companies: listCompanies };
const lists: [resource: 'contacts' | 'companies', query: string][] = [
  ['contacts', ''],
  ['contacts', 'sort=created'],
  ['contacts', 'sort=name'],
  ['contacts', 'sort=-name'],
  ['contacts', 'sort=touched'],
  ['contacts', 'sort=-touched'],
  ['contacts', 'name.prefix=Person 12&sort=name'],
  ['contacts', 'email.prefix=p12&sort=-created'],
  ['contacts', 'email.eq=p77@in.example'],
  ['contacts', 'touched.gte=2020-01-01&sort=-touched'],
  ['companies', ''],
  ['companies', 'sort=name'],
  ['companies', 'sort=-name'],
  ['companies', 'name.prefix=öko&sort=name'],
];

for (const [resource, text] of lists) {
  for (const page of ['first page', 'page behind a cursor']) {
    test(`V21 the ${page} of ${resource}?${text} reaches its index under row security`, async () => {
      let query = await queryOf(resource, text);
      if (page !== 'first page') {
        const first = await tenancy.withTenant(
          a,
          's:plans',
          async (): Promise<{ next: string | null }> => await stores[resource](tenancy, a, query),
        );
        if (first.next === null) return;
        query = { ...query, after: first.next };
      }
      const statement = await statementOf(stores[resource], query);
      const { Plan } = (await tenancy.withTenant(a, 's:plans', () =>
        tenancy.explain(statement, { analyze: true }),
      )) as { Plan: Node };
      const scans = nodes(Plan).filter(
        (node) => node['Node Type'].includes('Scan') && !node['Node Type'].includes('Function'),
      );
      const read = Math.max(...scans.map((node) => (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)));
      assert.ok(
        scans.every((node) => node['Node Type'] !== 'Seq Scan'),
        JSON.stringify(Plan),
      );
      assert.ok(
        scans.some((node) => node['Index Cond']?.includes('tenant_id')),
        JSON.stringify(Plan),
      );
      // a prefix that is sorted by another key reads what matches it, everything else at most twice the page
      const bound = text.includes('email.prefix') ? 120 : 2 * (query.limit + 1);
      assert.ok(read <= bound, `${read} rows read: ${JSON.stringify(Plan)}`);
    });
  }
}

test('V22 a tenant cannot ask for estimates: explain is refused', async () => {
  await assert.rejects(
    tenancy.withTenant(a, 's:plans', () => tenancy.query({ text: 'explain select * from crm.contacts', values: [] })),
    { code: 'REFUSED' },
  );
});

test('V85 another tenant’s id and a missing one are looked up by the same plan', async () => {
  const read = {
    text: 'select name from crm.contacts where id = $1 and deleted_at is null',
    values: ['00000000-0000-4000-8000-00000000ffff'],
  };
  const plan = (await tenancy.withTenant(a, 's:plans', () => tenancy.explain(read))) as { Plan: Node };
  assert.match(nodes(plan.Plan)[0]?.['Index Cond'] ?? '', /tenant_id.*id/);
});
