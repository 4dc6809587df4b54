import { SealRing } from '@businessos/tenancy/testing';
import type pg from 'pg';
import { exemptRights, nameOf, type Sample, type ServingRole, samples, servingRoles } from './rows.ts';
import { attempt, type Stage } from './stage.ts';

/** On whose behalf, and in which state of the tenant, a command is tried. */
const situations = ['own', 'other', 'none', 'forged', 'expired', 'suspended', 'fenced', 'read only'] as const;
type Situation = (typeof situations)[number];

type Answers = Record<string, Record<Situation, string>>;

/**
 * What each command must answer to the role that writes a table: a count of rows, or an SQLSTATE. `other` aims at
 * another tenant's rows under the own seal; the last three are the own rows of a tenant in that state.
 */
const writing = answersOf(`
                       own    other  none   forged expired suspended fenced read_only
select                 1      0      42501  42501  42501   BTSUS     1      1
select for update      1      0      42501  42501  42501   BTSUS     1      1
copy to                1      1      42501  42501  42501   BTSUS     1      1
insert                 1      42501  42501  42501  42501   BTSUS     BTFNC  BTRDO
update                 1      0      42501  42501  42501   BTSUS     BTFNC  BTRDO
delete                 1      0      42501  42501  42501   BTSUS     BTFNC  BTRDO
merge update           1      0      42501  42501  42501   BTSUS     BTFNC  BTRDO
merge delete           1      0      42501  42501  42501   BTSUS     BTFNC  BTRDO
on conflict update     1      42501  42501  42501  42501   BTSUS     BTFNC  BTRDO
on conflict nothing    0      42501  42501  42501  42501   BTSUS     BTFNC  BTRDO
update tenant_id       42501  42501  42501  42501  42501   42501     42501  42501
copy from              0A000  0A000  0A000  0A000  0A000   0A000     0A000  0A000
truncate               42501  42501  42501  42501  42501   42501     42501  42501
create trigger         42501  42501  42501  42501  42501   42501     42501  42501
`);

/** Of a table that is written in every mode of the tenant, but for its move: nothing of a suspended one is read for it. */
const recording: Answers = {
  ...writing,
  ...answersOf(`
                       own    other  none   forged expired suspended fenced read_only
insert                 1      42501  42501  42501  42501   1         BTFNC  1
update                 1      0      42501  42501  42501   BTSUS     BTFNC  1
delete                 1      0      42501  42501  42501   BTSUS     BTFNC  1
merge update           1      0      42501  42501  42501   BTSUS     BTFNC  1
merge delete           1      0      42501  42501  42501   BTSUS     BTFNC  1
on conflict update     1      42501  42501  42501  42501   BTSUS     BTFNC  1
on conflict nothing    0      42501  42501  42501  42501   0         BTFNC  0
`),
};

/** Reads answers from a text: a command, then its answer in each situation. */
function answersOf(text: string): Answers {
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => {
        const [command = '', ...cells] = line.split(/\s{2,}/);
        return [command, Object.fromEntries(situations.map((situation, at) => [situation, cells[at] ?? '']))];
      }),
  ) as Answers;
}

/** What a command must answer to a role. */
function answerTo(
  role: ServingRole,
  { writer, readers, partitioned }: Sample,
  command: string,
  situation: Situation,
): string {
  if (writer?.role === role) return (writer.guard === 'recording' ? recording : writing)[command]?.[situation] ?? '';
  const columns = readers?.[role];
  // under row security `copy t to` reads `only t`, and the parent of partitions has no rows of its own
  if (columns === '*' && partitioned && command === 'copy to') return '0';
  const reads = columns !== undefined && (command === 'select' || (command === 'copy to' && columns === '*'));
  return (reads && writing[command]?.[situation]) || '42501';
}

type Clients = Record<ServingRole, pg.Client>;

/** One cell that did not answer as expected, or that changed another tenant's rows. */
export interface Failure {
  cell: string;
  want: string;
  got: string;
}

/** Runs the matrix over every relation of the live catalog. Nothing stays changed. Returns the number of cells. */
export async function runMatrix(stage: Stage, only?: string): Promise<{ cells: number; failures: Failure[] }> {
  const failures: Failure[] = [];
  let cells = 0;
  const clients = Object.fromEntries(
    await Promise.all(servingRoles.map(async (role) => [role, await stage.connect(role)] as const)),
  ) as Clients;
  try {
    for (const relation of await stage.tenantTables()) {
      if (only !== undefined && nameOf(relation) !== only) continue;
      const sample = samples[nameOf(relation)];
      if (sample === undefined) {
        failures.push({
          cell: relation,
          want: 'a row in server/test/isolation/rows.ts',
          got: 'none: add it with the table',
        });
        continue;
      }
      const before = await stage.fingerprint(stage.b);
      for (const situation of situations) {
        await inState(stage, situation, async () => {
          for (const command of Object.keys(writing)) {
            for (const role of servingRoles) {
              cells++;
              const want = answerTo(role, sample, command, situation);
              const got = await tryCell(stage, clients[role], relation, sample, role, command, situation);
              if (got !== want) failures.push({ cell: `${relation} · ${command} · ${situation} · ${role}`, want, got });
            }
          }
        });
      }
      if ((await stage.fingerprint(stage.b)) !== before)
        failures.push({ cell: relation, want: "the other tenant's rows unchanged", got: 'changed' });
    }
    if (only === undefined) cells += await exemptCells(stage, clients, failures);
    return { cells, failures };
  } finally {
    await Promise.all(Object.values(clients).map((client) => client.end()));
  }
}

async function tryCell(
  stage: Stage,
  client: pg.Client,
  relation: string,
  sample: Sample,
  role: ServingRole,
  command: string,
  situation: Situation,
): Promise<string> {
  const target = situation === 'other' ? stage.b : stage.a;
  const { text, values } = statement(relation, sample, role, command, target, stage.marker(stage.a));
  const outcome = await attempt(client, sealsFor(stage, situation), text, values);
  // whatever the answer, no text of another tenant may be in it
  if (outcome.text.includes(stage.marker(stage.b))) return `the other tenant's text: ${outcome.text.slice(0, 80)}`;
  return outcome.state === 'ok' ? String(outcome.count) : outcome.state;
}

function sealsFor({ seals, a, b, db }: Stage, situation: Situation): { tenant?: string; principal?: string } {
  const principal = seals.principal(a, 's:matrix', 'r1').text;
  if (situation === 'none') return {};
  if (situation === 'forged') return { tenant: `${seals.tenant(b).text.slice(0, 57)}${'0'.repeat(64)}`, principal };
  if (situation === 'expired')
    return { tenant: new SealRing(db.sealKeys, () => Date.now() - 3_600_000).tenant(a).text, principal };
  return { tenant: seals.tenant(a).text, principal };
}

function statement(
  table: string,
  { row, key, writer, readers }: Sample,
  role: ServingRole,
  command: string,
  tenant: string,
  marker: string,
): { text: string; values: unknown[] } {
  const update = writer?.update ?? 'tenant_id';
  const read = readers?.[role] ?? '*';
  const insert = (which: 1 | 2) => {
    const columns: Record<string, unknown> = { tenant_id: tenant, ...row?.(marker, which) };
    const names = Object.keys(columns);
    return {
      text: `insert into ${table} (${names.join(', ')}) values (${names.map((_, at) => `$${at + 1}`).join(', ')})`,
      values: Object.values(columns),
    };
  };
  const mine = { values: [tenant] };
  const merge = `merge into ${table} t using (select $1::uuid as id) s on t.tenant_id = s.id when matched then`;
  switch (command) {
    case 'select':
      return { text: `select ${read} from ${table} where tenant_id = $1`, ...mine };
    case 'select for update':
      return { text: `select ${read} from ${table} where tenant_id = $1 for update`, ...mine };
    case 'copy to':
      return { text: `copy ${table} to stdout`, values: [] };
    case 'copy from':
      return { text: `copy ${table} from stdin`, values: [] };
    case 'insert':
      return insert(2);
    case 'update':
      return { text: `update ${table} set ${update} = ${update} where tenant_id = $1`, ...mine };
    case 'update tenant_id':
      return { text: `update ${table} set tenant_id = $1`, ...mine };
    case 'delete':
      return { text: `delete from ${table} where tenant_id = $1`, ...mine };
    case 'merge update':
      return { text: `${merge} update set ${update} = t.${update}`, ...mine };
    case 'merge delete':
      return { text: `${merge} delete`, ...mine };
    case 'on conflict update': {
      const { text, values } = insert(1);
      return {
        text: `${text} on conflict (${['tenant_id', ...key].join(', ')}) do update set ${update} = excluded.${update}`,
        values,
      };
    }
    case 'on conflict nothing': {
      const { text, values } = insert(1);
      return { text: `${text} on conflict do nothing`, values };
    }
    case 'truncate':
      return { text: `truncate ${table}`, values: [] };
    default:
      return {
        text: `create trigger t after insert on ${table} execute function suppress_redundant_updates_trigger()`,
        values: [],
      };
  }
}

/** Runs the work while the first tenant is in the state of the situation. */
async function inState({ db, a }: Stage, situation: Situation, work: () => Promise<void>): Promise<void> {
  const set = (state: string, mode: string) =>
    db.admin.query('update tenancy.homes set state = $2, mode = $3 where tenant_id = $1', [a, state, mode]);
  if (situation === 'suspended') await set('home', 'suspended');
  if (situation === 'fenced') await set('fenced', 'open');
  if (situation === 'read only') await set('home', 'read_only');
  try {
    await work();
  } finally {
    await set('home', 'open');
  }
}

/** Tables without tenants' rows: a serving role reaches what is written down, under any seal, and nothing else. */
async function exemptCells(stage: Stage, clients: Clients, failures: Failure[]): Promise<number> {
  const { rows } = await stage.db.admin.query<{ name: string; column: string }>(EXEMPT);
  const seals = {
    tenant: stage.seals.tenant(stage.a).text,
    principal: stage.seals.principal(stage.a, 's:matrix', 'r1').text,
  };
  let cells = 0;
  for (const { name, column } of rows) {
    const commands = {
      select: `select * from ${name}`,
      insert: `insert into ${name} (${column}) values (null)`,
      update: `update ${name} set ${column} = ${column}`,
      delete: `delete from ${name}`,
      truncate: `truncate ${name}`,
    };
    for (const role of servingRoles) {
      for (const [command, text] of Object.entries(commands)) {
        cells++;
        const { state } = await attempt(clients[role], seals, text);
        const allowed = exemptRights[name]?.[role]?.includes(command) ?? false;
        // an allowed insert of nulls fails on the table's own checks; only a missing right is 42501
        if ((state !== '42501') !== allowed)
          failures.push({ cell: `${name} · ${command} · ${role}`, want: allowed ? 'allowed' : '42501', got: state });
      }
    }
  }
  return cells;
}

const EXEMPT = `
  select n.nspname || '.' || c.relname as name, (select quote_ident(attname) from pg_attribute where attrelid = c.oid and attnum = 1) as column
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema')
    and exists (select from tenancy.exempt e where e.relation = n.nspname || '.' || c.relname) order by 1`;
