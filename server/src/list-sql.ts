import { createHash } from 'node:crypto';
import { type Filter, type ListQuery, listFingerprint, type Resource } from '@businessos/contract';
import { identifier, isUuid, joined, type Statement, sql } from '@businessos/tenancy';
import { Refusal } from './refusal.ts';

const CAST = { text: sql`text`, uuid: sql`uuid`, time: sql`timestamptz` };
const PLAIN = { eq: sql`=`, lt: sql`<`, lte: sql`<=`, gt: sql`>`, gte: sql`>=` };
/** Above every character of UTF-8, so that a prefix is a range of bytes. */
const LAST = '\u{10ffff}';

/** The fold of `name_key` (see the migration), for values that are compared with it. */
function folded(text: string): Statement {
  return sql`left(translate(lower(translate(regexp_replace(normalize(${text}::text, nfkd), U&'[\\0300-\\036f]+', '', 'g'), 'łŁøØđĐ', 'lLoOdD') collate "und-x-icu"), 'ς', 'σ'), 160) collate "C"`;
}

/** What a list is made of in SQL: conditions, order and, behind a cursor, where to go on. */
export interface ListSql {
  conditions: Statement[];
  order: Statement;
  /** True when the text is one of a few, so that it may be prepared. */
  common: boolean;
}

/**
 * Turns a checked list query into SQL: values as parameters, columns from the contract's table, every condition on a
 * stored column whose comparison is leakproof, so that it reaches the index under row security.
 * @throws Refusal CURSOR_INVALID for a cursor of another tenant, list, filter or sort.
 */
export function listSql(resource: Resource, query: ListQuery, tenantId: string): ListSql {
  const conditions = query.filters.map(condition);
  const { column, kind, direction } = query.sort;
  const key = identifier(column);
  const way = direction === 'asc' ? sql`asc` : sql`desc`;
  if (query.after !== null) {
    const [value, id] = openCursor(resource, query, tenantId);
    const past = direction === 'asc' ? sql`>` : sql`<`;
    conditions.push(sql`(${key}, id) ${past} (${value}::${CAST[kind]}, ${id}::uuid)`);
  }
  return { conditions, order: sql`${key} ${way}, id ${way}`, common: query.filters.length === 0 };
}

/** Makes the cursor after a row: its sort value and id, bound to tenant, list, filters and sort by a hash. */
export function closeCursor(resource: Resource, query: ListQuery, tenantId: string, value: string, id: string): string {
  return Buffer.from(JSON.stringify([value, id, binding(resource, query, tenantId)])).toString('base64url');
}

function openCursor(resource: Resource, query: ListQuery, tenantId: string): [string, string] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(query.after ?? '', 'base64url').toString('utf8'));
    if (Array.isArray(parts) && parts.length === 3) {
      const [value, id, bound] = parts as unknown[];
      if (
        typeof value === 'string' &&
        fits(query.sort.kind, value) &&
        typeof id === 'string' &&
        isUuid(id) &&
        bound === binding(resource, query, tenantId)
      ) {
        return [value, id];
      }
    }
  } catch {
    // not a cursor: answered below
  }
  throw new Refusal('CURSOR_INVALID', {
    errors: [
      {
        field: 'after',
        problem: 'is not a cursor of this list',
        fix: 'send `next` of the page before, unchanged, or leave it out',
      },
    ],
  });
}

/** The binding is no secret to its own tenant, so a value may be of any form. */
function fits(kind: ListQuery['sort']['kind'], value: string): boolean {
  if (kind === 'time') return value.length === 24 && new Date(value).toISOString() === value;
  return value.length <= 400 && !value.includes('\0') && value.isWellFormed();
}

function binding(resource: Resource, query: ListQuery, tenantId: string): string {
  return createHash('sha256')
    .update(`${tenantId}\n${listFingerprint(resource, query)}`)
    .digest('base64url')
    .slice(0, 22);
}

function condition(filter: Filter): Statement {
  const column = identifier(filter.column);
  const cast = CAST[filter.kind];
  const value = (text: string) => (filter.column === 'name_key' ? folded(text) : sql`${text}::${cast}`);
  switch (filter.op) {
    case 'in':
      return sql`${column} = any(${filter.values}::${cast}[])`;
    case 'empty':
      return filter.value ? sql`${column} is null` : sql`${column} is not null`;
    case 'prefix':
      return sql`${column} >= ${value(filter.value)} collate "C" and ${column} < (${value(filter.value)} || ${LAST}::text) collate "C"`;
    default:
      return sql`${column} ${PLAIN[filter.op]} ${value(filter.value)}`;
  }
}

/** Joins conditions by `and`. */
export function where(conditions: Statement[]): Statement {
  return joined(conditions, 'and');
}
