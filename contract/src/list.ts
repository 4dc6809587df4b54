import { z } from 'zod';
import { contactStatuses } from './crm.ts';
import { modes, plans } from './tenant.ts';

export const listBounds = {
  filters: 8,
  values: 50,
  valueLength: 254,
  limit: 100,
  defaultLimit: 20,
  cursor: 1024,
} as const;

export type FilterOp = 'eq' | 'in' | 'lt' | 'lte' | 'gt' | 'gte' | 'empty' | 'prefix';
export type FilterKind = 'text' | 'uuid' | 'time';

/** A field to filter by: its column, and what may be asked of it. `fold`: the column holds lower case. */
export type ListField = {
  column: string;
  kind: FilterKind;
  ops: readonly FilterOp[];
  values?: readonly string[];
  fold?: true;
};
export type List = {
  filters: Record<string, ListField>;
  /** Stored columns without nulls, so that a key and the id order every row. */
  sorts: Record<string, { column: string; kind: FilterKind }>;
  sort: string;
};

const range = ['lt', 'lte', 'gt', 'gte'] as const;
const created = { column: 'created_at', kind: 'time' } as const;
const folded = { kind: 'text', fold: true } as const;

/** What each list may be filtered and sorted by: name on the wire → column, kind, operations. Anything else is refused. */
export const lists = {
  contacts: {
    filters: {
      name: { column: 'name_key', ops: ['eq', 'prefix'], ...folded },
      email: { column: 'email_key', ops: ['eq', 'in', 'prefix', 'empty'], ...folded },
      status: { column: 'status', kind: 'text', ops: ['eq', 'in'], values: contactStatuses },
      company: { column: 'company_id', kind: 'uuid', ops: ['eq', 'in', 'empty'] },
      owner: { column: 'owner', kind: 'uuid', ops: ['eq', 'in', 'empty'] },
      touched: { column: 'touched_at', kind: 'time', ops: range },
      created: { ...created, ops: range },
    },
    sorts: { name: { column: 'name_key', kind: 'text' }, created, touched: { column: 'touched_at', kind: 'time' } },
    sort: '-created',
  },
  companies: {
    filters: {
      name: { column: 'name_key', ops: ['eq', 'prefix'], ...folded },
      domain: { column: 'domain', ops: ['eq', 'in', 'empty'], ...folded },
      created: { ...created, ops: range },
    },
    sorts: { name: { column: 'name_key', kind: 'text' }, created },
    sort: '-created',
  },
  tenants: {
    filters: {
      slug: { column: 'slug', kind: 'text', ops: ['eq', 'prefix'] },
      region: { column: 'region', kind: 'text', ops: ['eq', 'in'] },
      plan: { column: 'plan', kind: 'text', ops: ['eq', 'in'], values: plans },
      mode: { column: 'mode', kind: 'text', ops: ['eq', 'in'], values: modes },
      created: { ...created, ops: range },
    },
    sorts: { slug: { column: 'slug', kind: 'text' }, created },
    sort: 'slug',
  },
} as const satisfies Record<string, List>;

export type Resource = keyof typeof lists;

type Filters<R extends Resource> = (typeof lists)[R]['filters'];
type SortName<R extends Resource> = keyof (typeof lists)[R]['sorts'] & string;

/** The query of a list as a client writes it. */
export type ListParams<R extends Resource> = {
  [F in keyof Filters<R> & string as Filters<R>[F] extends ListField
    ? `${F}.${Filters<R>[F]['ops'][number]}`
    : never]?: string;
} & { sort?: SortName<R> | `-${SortName<R>}`; limit?: number; after?: string };

/** Builds the published schema of a list's query from its table. */
export function listParams<R extends Resource>(resource: R): z.ZodType<ListParams<R>, ListParams<R>> {
  const list: List = lists[resource];
  const shape: Record<string, z.ZodType> = {};
  for (const [name, field] of Object.entries(list.filters)) {
    for (const op of field.ops) shape[`${name}.${op}`] = z.string().optional().describe(meaning(field, op));
  }
  shape['sort'] = z.enum(sortNames(list)).optional().describe(`Sort key, - for descending. Default ${list.sort}.`);
  shape['limit'] = z.int().min(1).max(listBounds.limit).default(listBounds.defaultLimit).describe('Rows of one page.');
  shape['after'] = z.string().max(listBounds.cursor).optional().describe('`next` of the page before.');
  return z.strictObject(shape) as unknown as z.ZodType<ListParams<R>, ListParams<R>>;
}

function meaning(field: ListField, op: FilterOp): string {
  if (op === 'empty') return 'true: without a value; false: with one.';
  const kind = field.kind === 'time' ? 'a date or an instant' : field.kind === 'uuid' ? 'a UUID' : 'a text';
  const value = field.values ? `one of ${field.values.join(', ')}` : kind;
  const words = { eq: 'Equal to', in: 'Any of', lt: 'Before', lte: 'Until', gt: 'After', gte: 'From' } as const;
  if (op === 'prefix') return `Begins with this text${field.fold ? ', in any case' : ''}.`;
  return `${words[op]} ${value}${op === 'in' ? ', several separated by commas' : ''}.`;
}

/** Lists the sorts of a list as a client writes them. */
export function sortNames(list: List): string[] {
  return Object.keys(list.sorts).flatMap((name) => [name, `-${name}`]);
}
