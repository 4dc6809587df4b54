import type { z } from 'zod';

/** What is wrong with one field of a request, and what makes it right; never holds the value that was sent. */
export type FieldProblem = { field: string; problem: string; fix: string };

/** Either a value that fits its schema, or one problem for each field that does not. */
export type Checked<T> = { ok: true; value: T } | { ok: false; errors: FieldProblem[] };

/** Problems reported at once, and characters of a name that a client chose; the rest is cut off. */
const maxErrors = 16;
const maxField = 100;

/** Fields that answers show or tables hold, and that no request may set. */
const protectedFields = new Set([
  'id',
  'tenant_id',
  'version',
  'mode',
  'created_at',
  'updated_at',
  'deleted_at',
  'name_key',
  'email_key',
]);

const wanted: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

/**
 * Checks a value against a schema and answers either the parsed value or the problems by field.
 * Nested fields are named by their path (`owner.email`, `config.providers.0.kind`), an unknown field by its own name,
 * and the whole value by `root`. At most 16 problems, one per field; values are never repeated.
 */
export function check<S extends z.ZodType>(schema: S, value: unknown, root = 'body'): Checked<z.output<S>> {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  const errors = new Map<string, FieldProblem>();
  for (const issue of result.error.issues) {
    for (const found of explain(issue, value)) {
      const field = found.path.join('.').slice(0, maxField) || root;
      if (!errors.has(field)) errors.set(field, { field, problem: found.problem, fix: found.fix });
      if (errors.size === maxErrors) return { ok: false, errors: [...errors.values()] };
    }
  }
  return { ok: false, errors: [...errors.values()] };
}

type Found = { path: PropertyKey[]; problem: string; fix: string };

function explain(issue: z.core.$ZodIssue, value: unknown): Found[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, maxErrors).map((key) => ({ path: [...path, key], ...unknownField(key) }));
  }
  return [{ path, ...describe(issue, at(value, path)) }];
}

function unknownField(key: string): Omit<Found, 'path'> {
  return protectedFields.has(key)
    ? { problem: 'is set by the server', fix: 'leave it out' }
    : { problem: 'is not a field of this request', fix: 'remove it' };
}

function describe(issue: z.core.$ZodIssue, received: unknown): Omit<Found, 'path'> {
  const missing = received === undefined;
  switch (issue.code) {
    case 'invalid_type': {
      const kind = wanted[issue.expected] ?? `of type ${issue.expected}`;
      return { problem: missing ? 'is missing' : `is ${kindOf(received)}, not ${kind}`, fix: `send ${kind}` };
    }
    case 'invalid_value': {
      const list = issue.values.map(String).join(', ');
      return { problem: missing ? 'is missing' : 'is none of the values allowed here', fix: `send one of: ${list}` };
    }
    case 'too_big':
      return {
        problem: `is too ${sizeWord(issue.origin, 'big')}`,
        fix: `at most ${issue.maximum}${unit(issue.origin)}`,
      };
    case 'too_small':
      return {
        problem: `is too ${sizeWord(issue.origin, 'small')}`,
        fix: `at least ${issue.minimum}${unit(issue.origin)}`,
      };
    case 'custom': {
      const fix: unknown = issue.params?.['fix'];
      return { problem: issue.message, fix: typeof fix === 'string' ? fix : 'see /openapi.json' };
    }
    case 'invalid_format':
      return issue.format === 'datetime'
        ? { problem: 'is not a date and time', fix: 'write it like 2026-01-31T09:30:00Z' }
        : { problem: `is not in the form of ${issue.format}`, fix: 'see /openapi.json' };
    default:
      return { problem: 'is not what this request takes', fix: 'see /openapi.json' };
  }
}

function sizeWord(origin: string, way: 'big' | 'small'): string {
  if (origin === 'string' || origin === 'array') return way === 'big' ? 'long' : 'short';
  return way === 'big' ? 'large' : 'small';
}

function unit(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' entries' : '';
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return wanted[typeof value] ?? typeof value;
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value;
  for (const key of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined;
    here = (here as Record<PropertyKey, unknown>)[key];
  }
  return here;
}
