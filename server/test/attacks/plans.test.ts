import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ListQuery, lists, parseList, type Resource, sortNames } from '@businessos/contract';
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
/** Conditions beside each sort; `most` rows fit one, 0 where every row does, so that a page in order is the cheapest. */
const conditions: Record<keyof typeof stores, [text: string, most: number][]> = {
  contacts: [
    ['', 0],
    ['name.prefix=person', 0],
    ['name.prefix=Person 12', 111],
    ['email.prefix=p12', 111],
    ['email.eq=p77@in.example', 1],
  ],
  companies: [
    ['', 0],
    ['name.prefix=öko', 0],
    ['name.prefix=Ökowerk 12', 111],
  ],
};
const cases = (['contacts', 'companies'] as const).flatMap((resource) =>
  sortNames(lists[resource]).flatMap((sort) =>
    conditions[resource].map(([condition, most]): [typeof resource, string, number] => [
      resource,
      [condition, `sort=${sort}`].filter(Boolean).join('&'),
      most,
    ]),
  ),
);

for (const [resource, text, most] of cases) {
  // what fits on one page has no cursor
  const pages = most === 1 ? ['first page'] : ['first page', 'page behind a cursor'];
  for (const which of pages) {
    test(`V21 the ${which} of ${resource}?${text} reaches its index under row security`, async () => {
      let query = await queryOf(resource, text);
      if (which !== 'first page') {
        const first = await tenancy.withTenant(
          a,
          's:plans',
          async (): Promise<{ next: string | null }> => await stores[resource](tenancy, a, query),
        );
        assert.notEqual(first.next, null);
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
      const sort = query.sort.column;
      const key = scans.map((node) => node['Index Cond'] ?? '').find((condition) => condition.includes('tenant_id'));
      assert.ok(key !== undefined, JSON.stringify(Plan));
      if (which !== 'first page' && most === 0) assert.ok(key.includes(sort), `${key}: does not start at the cursor`);
      // a page at most twice; behind a condition, at most all that fits it or, where the planner walks the index of
      // another key, the part of the tenant's rows in which a page of hits is to be expected
      const twice = 2 * (query.limit + 1);
      const walks = most > 1 && query.filters.some(({ column }) => column !== sort);
      const bound = Math.max(twice, most + 10, walks ? (twice * ROWS) / most : 0);
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
