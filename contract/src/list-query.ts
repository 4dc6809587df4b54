import { type Checked, check, type FieldProblem } from './check.ts';
import { type FilterKind, type List, type ListField, listBounds, lists, type Resource, sortNames } from './list.ts';
import { instant, isPlain, uuid } from './text.ts';

/** One condition on one stored column; all of a list hold together. Values are checked and in the column's own form. */
export type Filter = { field: string; column: string; kind: FilterKind } & (
  | { op: 'eq' | 'lt' | 'lte' | 'gt' | 'gte' | 'prefix'; value: string }
  | { op: 'in'; values: string[] }
  | { op: 'empty'; value: boolean }
);

export type ListSort = { field: string; column: string; kind: FilterKind; direction: 'asc' | 'desc' };

/** A checked list request: conditions in canonical order, one sort, 1 to 100 rows, an unopened cursor. */
export type ListQuery = { filters: Filter[]; sort: ListSort; limit: number; after: string | null };

export type ParsedList =
  | { ok: true; value: ListQuery }
  | { ok: false; code: 'REQUEST_INVALID' | 'CURSOR_INVALID'; errors: FieldProblem[] };

/**
 * Reads the query of a list by the table above. Refuses unknown and repeated parameters, operations that a field does
 * not have, values of the wrong kind, more than 8 conditions or 50 values, and names each with its fix.
 * The order of parameters, and of values in `in`, makes no difference to the result.
 */
export function parseList(resource: Resource, query: readonly (readonly [string, string])[]): ParsedList {
  const list: List = lists[resource];
  const errors: FieldProblem[] = [];
  const seen = new Set<string>();
  const filters: Filter[] = [];
  let sort = sortOf(list, list.sort) as ListSort;
  let limit: number = listBounds.defaultLimit;
  let after: string | null = null;
  const refuse = (name: string, problem: string, fix: string) => {
    if (errors.length < 16) errors.push({ field: name.slice(0, 100) || 'query', problem, fix });
  };

  for (const [name, text] of query) {
    if (seen.has(name)) {
      refuse(name, 'is given twice', 'give it once');
      continue;
    }
    seen.add(name);
    if (name === 'sort') {
      const found = sortOf(list, text);
      if (found) sort = found;
      else refuse(name, 'is not a sort of this list', `write one of: ${sortNames(list).join(', ')}`);
    } else if (name === 'limit') {
      if (/^[1-9][0-9]{0,2}$/.test(text) && Number(text) <= listBounds.limit) limit = Number(text);
      else refuse(name, 'is not a number of rows', `write a whole number from 1 to ${listBounds.limit}`);
    } else if (name === 'after') {
      if (text.length <= listBounds.cursor && /^[A-Za-z0-9_-]+$/.test(text)) after = text;
      else return { ok: false, code: 'CURSOR_INVALID', errors: [cursorProblem] };
    } else {
      const filter = filterOf(list, name, text);
      if (filter.ok) filters.push(filter.value);
      else for (const error of filter.errors) refuse(error.field, error.problem, error.fix);
    }
  }
  if (filters.length > listBounds.filters) {
    refuse('query', 'has too many conditions', `at most ${listBounds.filters} conditions`);
  }
  if (filters.reduce((sum, one) => sum + (one.op === 'in' ? one.values.length : 1), 0) > listBounds.values) {
    refuse('query', 'has too many values', `at most ${listBounds.values} values in all conditions together`);
  }
  if (errors.length > 0) return { ok: false, code: 'REQUEST_INVALID', errors };
  filters.sort((a, b) => (`${a.field}.${a.op}` < `${b.field}.${b.op}` ? -1 : 1));
  return { ok: true, value: { filters, sort, limit, after } };
}

const cursorProblem: FieldProblem = {
  field: 'after',
  problem: 'is not a cursor of this list',
  fix: 'send `next` of the page before, unchanged, or leave it out',
};

/** Writes what a cursor is bound to: resource, conditions and sort, equal for equal lists. Limit and cursor are not in it. */
export function listFingerprint(resource: Resource, query: ListQuery): string {
  return JSON.stringify([
    resource,
    query.filters.map((one) => [one.field, one.op, one.op === 'in' ? one.values : one.value]),
    query.sort.field,
    query.sort.direction,
  ]);
}

function sortOf(list: List, text: string): ListSort | undefined {
  const descending = text.startsWith('-');
  const field = descending ? text.slice(1) : text;
  const found = Object.hasOwn(list.sorts, field) ? list.sorts[field] : undefined;
  return found && { field, ...found, direction: descending ? 'desc' : 'asc' };
}

function filterOf(list: List, name: string, text: string): Checked<Filter> {
  const dot = name.lastIndexOf('.');
  const key = dot < 0 ? name : name.slice(0, dot);
  const field = Object.hasOwn(list.filters, key) ? list.filters[key] : undefined;
  if (!field) {
    const known = [...Object.keys(list.filters).map((one) => `${one}.…`), 'sort', 'limit', 'after'].join(', ');
    return refusal(name, 'is not a parameter of this list', `use one of: ${known}`);
  }
  const op = field.ops.find((one) => one === name.slice(key.length + 1));
  if (!op) {
    const forms = field.ops.map((one) => `${key}.${one}`).join(', ');
    return refusal(name, 'needs an operation that this field has', `write one of: ${forms}`);
  }
  const base = { field: key, column: field.column, kind: field.kind };
  if (op === 'empty') {
    if (text !== 'true' && text !== 'false') return refusal(name, 'is neither true nor false', 'write true or false');
    return { ok: true, value: { ...base, op, value: text === 'true' } };
  }
  if (op !== 'in') {
    const value = readValue(field, name, text);
    return value.ok ? { ok: true, value: { ...base, op, value: value.value } } : value;
  }
  const values = new Set<string>();
  const parts = text.split(',');
  if (parts.length > listBounds.values) return refusal(name, 'has too many values', `at most ${listBounds.values}`);
  for (const part of parts) {
    const value = readValue(field, name, part);
    if (!value.ok) return value;
    values.add(value.value);
  }
  return { ok: true, value: { ...base, op, values: [...values].sort() } };
}

function readValue(field: ListField, name: string, text: string): Checked<string> {
  if (field.kind === 'uuid') return named(name, check(uuid, text));
  if (field.kind === 'time') {
    return named(name, check(instant, /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text));
  }
  if (field.values && !field.values.includes(text)) {
    return refusal(name, 'is none of the values of this field', `write one of: ${field.values.join(', ')}`);
  }
  if (text === '' || text.length > listBounds.valueLength || !isPlain(text)) {
    return refusal(name, 'is not a usable text', `write 1 to ${listBounds.valueLength} characters on one line`);
  }
  return { ok: true, value: field.fold ? fold(text) : text };
}

/**
 * Lower-cases one code point at a time, as the stored keys are made: a whole word would turn a last capital sigma into
 * another letter. A letter with two lower-case code points stays for the database to fold.
 */
function fold(text: string): string {
  return Array.from(text.normalize('NFC'), (point) => {
    const lower = point.toLowerCase();
    return Array.from(lower).length === 1 ? lower : point;
  }).join('');
}

function named(field: string, result: Checked<string>): Checked<string> {
  return result.ok ? result : { ok: false, errors: result.errors.map((error) => ({ ...error, field })) };
}

function refusal(field: string, problem: string, fix: string): Checked<never> {
  return { ok: false, errors: [{ field, problem, fix }] };
}
