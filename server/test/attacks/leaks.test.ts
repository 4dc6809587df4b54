import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { attempt, openStage } from '../isolation/stage.ts';

/** What a tenant could learn without seeing a row: from errors, plans, estimates, statistics and counters. */
const stage = await openStage();
const { db, a, b, seals } = stage;
const COMMON = 'Very Common Name';
for (const tenant of [a, b]) {
  await db.admin.query(
    "insert into crm.contacts (tenant_id, name, email) select $1, 'Person ' || n, 'p' || n || '@in.example' from generate_series(1, 2000) n",
    [tenant],
  );
}
await db.admin.query('insert into crm.contacts (tenant_id, name) select $1, $2 from generate_series(1, 3000)', [
  b,
  COMMON,
]);
await db.admin.query('vacuum analyze');
const tenancy = await db.tenancy();
const app = await stage.connect('bos_app');
test.after(() => app.end());
const own = { tenant: seals.tenant(a).text, principal: seals.principal(a, 's:attack', 'r').text };

interface Node {
  'Node Type': string;
  'Plan Rows': number;
  'Actual Rows'?: number;
  'Rows Removed by Filter'?: number;
  'Index Cond'?: string;
  Plans?: Node[];
}

function nodes(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(nodes)];
}

/** The plan of A's statement, from PostgreSQL itself. */
async function planOf(text: string): Promise<Node[]> {
  const explained = await tenancy.withTenant(a, 's:plans', () =>
    tenancy.explain({ text, values: [] }, { analyze: true }),
  );
  return nodes((explained as { Plan: Node }).Plan);
}

test('V20 no cast, division, regular expression or function is evaluated on another tenant’s row, by any plan', async () => {
  const bad = `name = '${COMMON}'`;
  const raising = [
    `case when ${bad} then name::int else 0 end = 1`,
    `case when ${bad} then name::uuid end is not null`,
    `case when ${bad} then name::timestamptz > now() else false end`,
    `case when ${bad} then name::jsonb ? 'x' else false end`,
    `1 / (case when ${bad} then 0 else 1 end) = 2`,
    `case when ${bad} then regexp_replace('x', repeat('(', 3) || name, '') else '' end = 'y'`,
    `case when ${bad} then pg_size_bytes(name) else 0 end = 1`,
    `case when ${bad} then ctid = name::tid else false end`,
    `${bad} and set_config('app.x', name, true) <> '' and name::int = 1`,
  ];
  // the control: on rows of its own each of them does raise
  const mine = raising.map((condition) => condition.replaceAll(COMMON, 'Person 1'));
  for (const [at, condition] of raising.entries()) {
    for (const plan of [
      '',
      'enable_indexscan,enable_bitmapscan',
      'enable_seqscan',
      'enable_nestloop,enable_mergejoin',
    ]) {
      const off = plan === '' ? [] : plan.split(',');
      await app.query(off.map((name) => `set ${name} = off`).join('; '));
      for (const text of [
        `select count(*) from crm.contacts where ${condition}`,
        `select count(*) from crm.companies c join crm.contacts k on k.company_id is not distinct from c.id and ${condition.replaceAll('name', 'k.name').replaceAll('ctid', 'k.ctid')}`,
        `select max(case when ${condition} then 1 end) from crm.contacts group by status having max(name) <> ''`,
        `update crm.contacts set phone = 'x' where ${condition}`,
        `delete from crm.contacts where ${condition}`,
      ]) {
        assert.equal((await attempt(app, own, text)).state, 'ok', `${plan} ${text}`);
      }
      await app.query('reset all');
    }
    assert.match((await attempt(app, own, `select * from crm.contacts where ${mine[at]}`)).state, /^2/, mine[at]);
  }
});

test('V21 an operator that is not leakproof loses its index under row security; the stored key does not', async () => {
  const lost = [
    "name ilike 'person 77%'",
    "name like 'Person 77%'",
    "lower(name) >= 'person 77' and lower(name) < 'person 78'",
    "to_tsvector('simple', name) @@ 'person'",
    'length(name)::numeric > 100',
  ];
  for (const condition of lost) {
    const plan = await planOf(`select id from crm.contacts where ${condition} and deleted_at is null`);
    // whatever index is used, it is for the tenant only: every row of the tenant is read and filtered
    assert.ok(!plan.some((node) => /name|email/.test(node['Index Cond'] ?? '')), condition);
    const read = Math.max(...plan.map((node) => (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)));
    assert.ok(read >= 2_000, `${condition}: ${read}`);
  }
  const kept = await planOf(
    "select id from crm.contacts where name_key >= 'person 77' and name_key < 'person 78' and deleted_at is null",
  );
  assert.ok(
    kept.some((node) => /tenant_id.*name_key/.test(node['Index Cond'] ?? '')),
    JSON.stringify(kept),
  );
  assert.ok(Math.max(...kept.map((node) => node['Actual Rows'] ?? 0)) <= 11);
});

test('V21 every comparison that a list is made of is leakproof', async () => {
  const { rows } = await db.admin.query(
    `select o.oprname, p.proname from pg_operator o join pg_proc p on p.oid = o.oprcode
     where o.oprname in ('=', '<', '<=', '>', '>=') and o.oprleft = o.oprright
       and o.oprleft in ('text'::regtype, 'uuid'::regtype, 'timestamptz'::regtype) and not p.proleakproof`,
  );
  assert.deepEqual(rows, []);
});

test('V22 estimates do know the other tenants’ values, and no statement of a tenant can ask for them', async () => {
  const estimate = async (name: string) => {
    const { text } = await attempt(app, own, `explain (format json) select * from crm.contacts where name = '${name}'`);
    return (JSON.parse(text) as [{ 'QUERY PLAN': [{ Plan: Node }] }])[0]['QUERY PLAN'][0].Plan['Plan Rows'];
  };
  assert.ok((await estimate(COMMON)) > 100, 'the control: where no gate stands an estimate tells');
  assert.equal(await estimate('Not There'), 1);
  for (const text of ['explain select 1', 'EXPLAIN ANALYZE select 1', '/* x */ explain (format json) select 1']) {
    const ways: (() => Promise<unknown>)[] = [
      () => tenancy.query({ text, values: [] }),
      () => tenancy.transaction((tx) => tx.query({ text, values: [] })),
      () => tenancy.pool.query(text),
      async () => {
        for await (const row of tenancy.stream({ text, values: [] })) assert.fail(JSON.stringify(row));
      },
    ];
    for (const run of ways) {
      await assert.rejects(tenancy.withTenant(a, 's:attack', run), { code: 'REFUSED' }, text);
    }
  }
  for (const call of [
    "query_to_xml('explain select 1', true, true, '')",
    "ts_rewrite('a'::tsquery, 'explain select 1')",
    "ts_stat('explain select 1')",
  ]) {
    assert.notEqual((await attempt(app, own, `select ${call}`)).state, 'ok', call);
  }
});

test('V24 no serving role reads the statistics of a protected table, in any view of them', async () => {
  await db.admin.query(
    `create statistics crm.s (dependencies, mcv) on name, status from crm.contacts; analyze crm.contacts;
     create table crm.open (name text); insert into crm.open select '${COMMON}' from generate_series(1, 100);
     grant select on crm.open to bos_app; analyze crm.open`,
  );
  const views = ['pg_stats', 'pg_stats_ext', 'pg_stats_ext_exprs'];
  for (const role of ['bos_app', 'bos_identity', 'bos_control']) {
    const client = await stage.connect(role);
    for (const view of views) {
      const seen = await attempt(client, own, `select * from ${view} where tablename <> 'open'`);
      assert.ok(!seen.text.includes(COMMON), `${role} ${view}`);
      // the control role reads the list of homes, so it may know its statistics
      assert.ok(role === 'bos_control' || !seen.text.includes(b), `${role} ${view}`);
      const tables = await attempt(
        client,
        own,
        `select distinct schemaname || '.' || tablename as t from ${view} where tablename <> 'open'`,
      );
      const names = new Set(await stage.tenantTables());
      const shown = (JSON.parse(tables.text) as { t: string }[]).filter(({ t }) => names.has(t));
      assert.deepEqual(shown, [], `${role} ${view}`);
    }
    for (const table of ['pg_statistic', 'pg_statistic_ext_data'])
      assert.equal((await attempt(client, own, `select * from ${table}`)).state, '42501');
    await client.end();
  }
  const open = await attempt(app, own, "select most_common_vals::text from pg_stats where tablename = 'open'");
  assert.ok(open.text.includes(COMMON), 'the control: of an unprotected table the values are shown');
});

test('V25 a sequence that a migration makes is out of a tenant’s reach, so no counter tells of others', async () => {
  await db.admin.query(
    "set role bos_owner; create sequence crm.numbers; create table crm.numbered (id bigint generated always as identity); reset role; select nextval('crm.numbers')",
  );
  for (const text of [
    "select nextval('crm.numbers')",
    "select currval('crm.numbers')",
    "select setval('crm.numbers', 1)",
    'select last_value from crm.numbers',
    'select * from crm.numbered_id_seq',
    "select pg_sequence_last_value('crm.numbers'::regclass)",
  ]) {
    const { state, text: told } = await attempt(app, own, text);
    assert.ok(state === '42501' || told === '[{"pg_sequence_last_value":null}]', `${text}: ${state} ${told}`);
  }
  assert.equal(
    (await attempt(app, own, "select 1 from pg_sequences where sequencename = 'numbers' and last_value is not null"))
      .count,
    0,
  );
});

test('V30 a tenant that looks at the sessions finds no value, seal or name of another, while those work', async () => {
  const marker = stage.marker(b);
  const holder = new pg.Client(db.adminUrl);
  await holder.connect();
  await holder.query('begin; select from crm.companies for update');
  const busy = tenancy.withTenant(b, 's:busy', async () => {
    await tenancy.insertMany('crm.companies', ['name'], [{ name: `${marker} many` }]);
    await tenancy.transaction(async (tx) => {
      await tx.query({ text: 'select $1::text', values: [marker] });
      await tx.query({ text: 'update crm.companies set domain = $1', values: [`${marker}.example`] });
    });
  });
  const look = async (view: string) => {
    const { rows } = await tenancy.withTenant(a, 's:attack', () =>
      tenancy.query({ text: `select * from ${view}`, values: [] }),
    );
    const seen = JSON.stringify(rows);
    assert.ok(!seen.includes(marker) && !seen.includes(b) && !/[0-9a-f]{64}/.test(seen), view);
    return seen;
  };
  // until B is seen at work, which is the control
  while (!(await look('pg_stat_activity')).includes('update crm.companies set domain')) await new Promise(setImmediate);
  for (const view of ['pg_prepared_statements', 'pg_cursors', 'pg_locks', 'pg_stat_get_activity(null)'])
    await look(view);
  await holder.query('rollback');
  await holder.end();
  await busy;
});
