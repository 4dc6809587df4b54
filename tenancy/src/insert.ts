import { RefusedError, TenancyError } from './errors.ts';
import type { Statement } from './sql.ts';

const NAME = /^[a-z_][a-z0-9_]{0,62}$/;
const ROWS = 1_000;

/**
 * Makes the statements of a bulk insert, 1,000 rows each: the rows go as one JSON parameter that PostgreSQL turns
 * into the table's own types, so no value is part of the text. Every row gives exactly the named columns; undefined
 * is null, and a JSON column takes its value as it is.
 * @throws RefusedError for a name that is not plain lower case, for `tenant_id` (the scope gives it), or a row with
 * other keys.
 */
export function* insertStatements(
  table: string,
  columns: readonly string[],
  rows: readonly Record<string, unknown>[],
): Generator<Statement> {
  const [schema, name, rest] = table.split('.');
  if (schema === undefined || name === undefined || rest !== undefined || !NAME.test(schema) || !NAME.test(name)) {
    throw new RefusedError(`table '${table}': expected schema.table in lower case`);
  }
  for (const column of columns) {
    if (!NAME.test(column)) throw new RefusedError(`column '${column}': expected a plain lower-case name`);
    if (column === 'tenant_id') throw new RefusedError('tenant_id comes from the scope; leave it out of the columns');
  }
  if (columns.length === 0) throw new RefusedError('name at least one column');
  const wanted = new Set(columns);
  rows.forEach((row, at) => {
    const keys = Object.keys(row);
    const odd =
      keys.find((key) => !wanted.has(key)) ??
      (keys.length < wanted.size ? columns.find((column) => !Object.hasOwn(row, column)) : undefined);
    if (odd !== undefined)
      throw new RefusedError(
        `row ${at}: '${odd}' is ${Object.hasOwn(row, odd) ? 'not among the named columns' : 'missing'}`,
      );
  });
  const list = columns.map((column) => `"${column}"`).join(', ');
  const relation = `"${schema}"."${name}"`;
  const text = `insert into ${relation} (${list}) select ${list} from jsonb_populate_recordset(null::${relation}, $1::jsonb)`;
  for (let at = 0; at < rows.length; at += ROWS) {
    yield { text, values: [asJson(rows.slice(at, at + ROWS))], label: 'insert_many' };
  }
}

function asJson(rows: readonly Record<string, unknown>[]): string {
  try {
    return JSON.stringify(
      rows.map((row) => Object.fromEntries(Object.entries(row).map(([column, value]) => [column, plain(value)]))),
    );
  } catch (cause) {
    throw new TenancyError('VALUE_REFUSED', 'a value has the wrong form', { detail: (cause as Error).message, cause });
  }
}

/** Spells what JSON has no form for, or would make null of, as PostgreSQL reads it: bytes, big integers, NaN. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return String(value);
  return value;
}
