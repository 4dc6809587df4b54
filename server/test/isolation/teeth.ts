import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attest } from '@businessos/tenancy/admin';
import { runMatrix } from './matrix.ts';
import { samples } from './rows.ts';
import { openStage, type Stage } from './stage.ts';

/** A guard taken away. `seenBy` says what must notice: the matrix by behaviour, or the server's attestation. */
interface Mutation {
  what: string;
  sql: (table: string) => string;
  seenBy: 'matrix' | 'attestation';
  /** A cell of the matrix that must fail, where the matrix must notice. */
  cell?: RegExp;
  only?: string;
}

/** The month of now, as the migration made it. */
const month = `audit.entries_${new Date().toISOString().slice(0, 7).replace('-', '_')}`;

const mutations: Mutation[] = [
  {
    what: 'the policy tenant_isolation dropped',
    sql: (t) => `drop policy tenant_isolation on ${t}`,
    seenBy: 'matrix',
    cell: /select · own/,
  },
  { what: 'the floor dropped', sql: (t) => `drop policy floor on ${t}`, seenBy: 'attestation' },
  { what: 'the fence dropped', sql: (t) => `drop policy fence on ${t}`, seenBy: 'matrix', cell: /delete · fenced/ },
  { what: 'force removed', sql: (t) => `alter table ${t} no force row level security`, seenBy: 'attestation' },
  {
    what: 'row security switched off',
    sql: (t) => `alter table ${t} disable row level security`,
    seenBy: 'matrix',
    cell: /select · other/,
  },
  {
    what: 'with check of the policy weakened',
    sql: (t) => `alter policy tenant_isolation on ${t} with check (true)`,
    seenBy: 'attestation',
  },
  {
    what: 'with check of the floor weakened',
    sql: (t) => `alter policy floor on ${t} with check (true)`,
    seenBy: 'attestation',
  },
  {
    what: 'using of the policy widened',
    sql: (t) => `alter policy tenant_isolation on ${t} using (true)`,
    seenBy: 'attestation',
  },
  {
    what: 'a wide permissive policy added',
    sql: (t) => `create policy wide on ${t} using (true) with check (true)`,
    seenBy: 'attestation',
  },
  {
    what: 'the key led by the id instead of the tenant',
    sql: () => 'alter table crm.contacts drop constraint contacts_pkey, add primary key (id, tenant_id)',
    seenBy: 'attestation',
    only: 'crm.contacts',
  },
  {
    what: 'the composite foreign key dropped',
    sql: () => 'alter table crm.contacts drop constraint contacts_tenant_id_company_id_fkey',
    seenBy: 'attestation',
    only: 'crm.contacts',
  },
  {
    what: 'tenant_id updatable',
    sql: (t) => `grant update (tenant_id) on ${t} to bos_app, bos_identity`,
    seenBy: 'matrix',
    cell: /update tenant_id · own/,
  },
  {
    what: 'truncate granted',
    sql: (t) => `grant truncate on ${t} to bos_app, bos_identity`,
    seenBy: 'matrix',
    cell: /truncate · none/,
  },
  {
    what: 'triggers granted',
    sql: (t) => `grant trigger on ${t} to bos_app, bos_identity`,
    seenBy: 'matrix',
    cell: /create trigger · own/,
  },
  { what: 'the default dropped', sql: (t) => `alter table ${t} alter tenant_id drop default`, seenBy: 'attestation' },
  {
    what: 'tenant_id nullable',
    sql: (t) => `alter table ${t} drop constraint ${t.split('.')[1]}_pkey cascade, alter tenant_id drop not null`,
    seenBy: 'attestation',
  },
  // guards that overlap: each pair must be seen by what it does
  {
    what: 'the floor dropped and the policy widened',
    sql: (t) => `drop policy floor on ${t}; alter policy tenant_isolation on ${t} using (true)`,
    seenBy: 'matrix',
    cell: /select · other/,
  },
  {
    what: 'both with checks weakened',
    sql: (t) => `alter policy floor on ${t} with check (true); alter policy tenant_isolation on ${t} with check (true)`,
    seenBy: 'matrix',
    cell: /insert · other/,
  },
  {
    what: 'the floor dropped and a forged claim believed',
    sql: (t) =>
      `drop policy floor on ${t}; drop policy tenant_isolation on ${t}; create policy tenant_isolation on ${t} using (tenant_id = tenancy.claimed_tenant()) with check (true);
       grant execute on function tenancy.claimed_tenant() to bos_app, bos_identity`,
    seenBy: 'matrix',
    cell: /select · forged/,
  },
  {
    what: 'the home unread by the verifying function',
    sql: () =>
      `grant create on schema tenancy to bos_seal; create or replace function tenancy.current_tenant() returns uuid language plpgsql stable security definer parallel safe
       set search_path = pg_catalog, pg_temp as 'begin return tenancy.sealed_tenant(); end'`,
    seenBy: 'matrix',
    cell: /select · suspended/,
    only: 'crm.contacts',
  },
  {
    what: 'the expiry unchecked',
    sql: () => replaceIn('current_tenant', 'extract(epoch from now()) < substr(s, 47, 10)::float8', 'true'),
    seenBy: 'matrix',
    cell: /select · expired/,
    only: 'crm.contacts',
  },
  {
    what: 'the MAC compared on a prefix',
    sql: () => replaceIn('current_tenant', "'hex') = right(s, 64)", "'hex') like left(right(s, 64), 0) || '%'"),
    seenBy: 'matrix',
    cell: /select · forged/,
    only: 'crm.contacts',
  },
  {
    what: 'a writing_tenant that is stable and knows no modes',
    sql: () => replaceIn('writing_tenant', "if mo = 'open' then return t; end if;", 'return t;'),
    seenBy: 'matrix',
    cell: /update · read only/,
    only: 'crm.contacts',
  },
  {
    what: 'the seal keys readable',
    sql: () => 'grant usage on schema seal to bos_app; grant select on seal.keys to bos_app',
    seenBy: 'matrix',
    cell: /seal\.keys · select · bos_app/,
    only: '',
  },
  {
    what: "the tenants' list readable",
    sql: () => 'grant usage on schema control to bos_app; grant select on control.tenants to bos_app',
    seenBy: 'matrix',
    cell: /control\.tenants · select/,
    only: '',
  },
  {
    what: 'hashes of keys readable by the business',
    sql: () => 'grant select on identity.api_keys to bos_app',
    seenBy: 'matrix',
    cell: /select · own · bos_app/,
    only: 'identity.api_keys',
  },
  {
    what: 'hashes of invitations readable by the business',
    sql: () => 'grant select (hash) on identity.invitations to bos_app',
    seenBy: 'matrix',
    cell: /copy to · own · bos_app/,
    only: 'identity.invitations',
  },
  {
    what: 'the policy tenant_isolation dropped',
    sql: (t) => `drop policy tenant_isolation on ${t}`,
    seenBy: 'matrix',
    cell: /select · own · bos_app/,
    only: 'audit.entries',
  },
  {
    what: 'row security switched off',
    sql: (t) => `alter table ${t} disable row level security`,
    seenBy: 'matrix',
    cell: /select · other · bos_app/,
    only: 'audit.entries',
  },
  {
    what: 'the log written to past its function',
    sql: (t) => `grant insert on ${t} to bos_app`,
    seenBy: 'matrix',
    cell: /copy from · own · bos_app/, // an insert has no right to the function of its own check
    only: 'audit.entries',
  },
  {
    what: 'the default partition readable',
    sql: (t) => `grant select on ${t} to bos_app`,
    seenBy: 'matrix',
    cell: /select · own · bos_app/,
    only: 'audit.entries_default',
  },
  {
    what: 'one month readable',
    sql: () => `grant select on ${month} to bos_app`,
    seenBy: 'matrix',
    cell: /select · own · bos_app/,
    only: 'audit.entries_month',
  },
  ...[
    ['row security of one month switched off', `alter table ${month} disable row level security`],
    ['one month not forced', `alter table ${month} no force row level security`],
    ['the floor of one month dropped', `drop policy floor on ${month}`],
    ['a policy of one month widened', `alter policy tenant_isolation on ${month} using (true)`],
    ['a trigger on one month', `create trigger t before insert on ${month} execute function crm.bump()`],
    ['a column of one month readable', `grant select (body) on ${month} to bos_app`],
    ['one month detached', `alter table audit.entries detach partition ${month}`],
    ['one month with an index of its own', `create index on ${month} (body)`],
    [
      'no month forced',
      `do $$ declare r regclass; begin for r in select inhrelid from pg_inherits where inhparent = 'audit.entries'::regclass
         and inhrelid <> 'audit.entries_default'::regclass loop execute format('alter table %s no force row level security', r); end loop; end $$`,
    ],
  ].map(
    ([what = '', sql = '']): Mutation => ({
      what,
      sql: () => sql,
      seenBy: 'attestation',
      only: 'audit.entries_month',
    }),
  ),
  {
    what: 'persons readable by the business',
    sql: () => 'grant select on identity.persons to bos_app',
    seenBy: 'matrix',
    cell: /identity\.persons · select · bos_app/,
    only: '',
  },
];

/** The tables that a serving role writes itself. */
export const written = Object.keys(samples).filter((name) => samples[name]?.writer !== undefined);

/** Rewrites a part of a function where it stands, and fails where there is no such part. */
function replaceIn(name: string, part: string, by: string): string {
  return `do $mutate$ declare t text := pg_get_functiondef('tenancy.${name}'::regproc); n text; begin
    n := replace(t, $part$${part}$part$, $part$${by}$part$);
    if n = t then raise exception 'nothing to replace in ${name}'; end if; execute n; end $mutate$`;
}

/** What notices; the matrix is not asked where `only` is undefined. */
export async function notices(stage: Stage, only?: string): Promise<{ matrix: string[]; attestation: string }> {
  const { failures } = only === undefined ? { failures: [] } : await runMatrix(stage, only === '' ? undefined : only);
  const attestation = await attest(stage.db.connection('bos_app')).then(
    () => '',
    (error: Error) => error.message,
  );
  return { matrix: failures.map(({ cell }) => cell), attestation };
}

/** Defines a test for each guard taken away: on each of these tables, and (`alone`) those of one table or of none. */
export function takeAway(tables: readonly string[], alone: boolean): void {
  for (const { what, sql, seenBy, cell, only } of mutations)
    for (const table of only === undefined ? tables : alone ? [only] : []) {
      test(`${what}${table === '' ? '' : ` on ${table}`} is noticed by the ${seenBy}`, async () => {
        const stage = await openStage();
        await stage.db.admin.query(sql(table));
        const seen = await notices(stage, seenBy === 'matrix' ? table : undefined);
        if (seenBy === 'matrix')
          assert.ok(
            seen.matrix.some((one) => cell?.test(one)),
            `no cell ${cell} failed, but: ${seen.matrix.join(', ')}`,
          );
        // whatever the behaviour shows, the server must not start on it
        assert.notEqual(seen.attestation, '', 'the attestation passed');
        await stage.db.drop();
      });
    }
}
