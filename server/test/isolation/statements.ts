import pg from 'pg';
import type { Situation } from './expected.ts';
import type { Sample } from './rows.ts';

/** Whose rows there are, and what marks the first tenant's texts. */
export interface Parties {
  a: string;
  b: string;
  marker(tenant: string): string;
}

/** Row 1 and 2 are every tenant's, 3 only the other one's, 4 nobody's. */
export const rowsOf = { first: [1, 2], other: [1, 2, 3] } as const;
const [SHARED, TAKEN, FREE] = [1, 3, 4];

/** Writes a command of the matrix as SQL without parameters. @throws Error for a command that it does not know. */
export function statement(
  table: string,
  sample: Sample,
  command: string,
  situation: Situation,
  { a, b, marker }: Parties,
): string {
  const aim = situation === 'other' || situation === 'taken' ? situation : 'own';
  const row = (which: number) => ({
    ...(aim === 'other' && { tenant_id: b }),
    ...sample.row(marker(a), which),
  });
  const { update, key } = sample;
  const [keys, change] = [key.join(', '), `${update} = ${literal(marker(a))}`];
  const where = {
    own: '',
    other: ` where tenant_id = ${literal(b)}`,
    taken: ` where ${equal(key, sample.row('', TAKEN))}`,
  }[aim];
  const add = (which: number) => `${insertInto(table, [row(which)])}`;
  const held = aim === 'taken' ? TAKEN : SHARED;
  const merged = row(held);
  const on = Object.keys(merged)
    .filter((name) => key.includes(name) || name === 'tenant_id')
    .map((name) => `t.${name} = s.${name}`)
    .join(' and ');
  const merge = `merge into ${table} t using (select ${Object.entries(merged)
    .map(([name, value]) => `${typed(value)} as ${name}`)
    .join(', ')}) s on ${on}`;
  switch (command) {
    case 'select':
      return `select * from ${table}${where}`;
    case 'select for update':
      return `select * from ${table}${where} for update`;
    case 'copy to':
      return aim === 'own' ? `copy ${table} to stdout` : `copy (select * from ${table}${where}) to stdout`;
    case 'copy from':
      return `copy ${table} from stdin`;
    case 'insert':
      return add(aim === 'taken' ? TAKEN : FREE);
    case 'on conflict update':
      return `${add(held)} on conflict (tenant_id, ${keys}) do update set ${update} = excluded.${update}`;
    case 'on conflict nothing':
      return `${add(held)} on conflict do nothing`;
    case 'update':
      return `update ${table} set ${change}${where}`;
    case 'update tenant_id':
      return `update ${table} set tenant_id = ${aim === 'other' ? literal(b) : 'tenant_id'}${aim === 'taken' ? where : ''}`;
    case 'delete':
      return `delete from ${table}${where}`;
    case 'merge': {
      const names = Object.keys(merged);
      const values = names.map((name) => `s.${name}`).join(', ');
      return `${merge} when matched then update set ${change} when not matched then insert (${names.join(', ')}) values (${values})`;
    }
    case 'merge delete':
      return `${merge} when matched then delete`;
    case 'truncate':
      return `truncate ${table}`;
    case 'create trigger':
      return `create trigger t after insert on ${table} execute function suppress_redundant_updates_trigger()`;
    case 'lock':
      return `lock table ${table} in access exclusive mode`;
    default:
      throw new Error(`no statement for the command '${command}'`);
  }
}

/** Writes an insert of rows that have the same columns. */
export function insertInto(table: string, rows: readonly Record<string, unknown>[]): string {
  const names = Object.keys(rows[0] ?? {});
  const tuples = rows.map((row) => `(${names.map((name) => literal(row[name])).join(', ')})`);
  return `insert into ${table} (${names.join(', ')}) values ${tuples.join(', ')}`;
}

/** Quotes a text, number or null. */
export function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return pg.escapeLiteral(String(value));
}

/** A source column of a merge has a type of its own, so uuids are named as such. */
function typed(value: unknown): string {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(String(value)) ? `${literal(value)}::uuid` : literal(value);
}

function equal(names: readonly string[], row: Record<string, unknown>): string {
  return names.map((name) => `${name} = ${literal(row[name])}`).join(' and ');
}
