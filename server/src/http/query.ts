import type { FieldProblem } from '@businessos/contract';

/** A query string that cannot be read; answered with 400. */
export class QueryError extends Error implements FieldProblem {
  readonly code = 'REQUEST_INVALID';
  readonly field: string;
  readonly problem: string;
  readonly fix: string;

  constructor(field: string, problem: string, fix: string) {
    super(`${field} ${problem}`);
    this.name = 'QueryError';
    this.field = field;
    this.problem = problem;
    this.fix = fix;
  }
}

const maxLength = 6_144;
const maxParameters = 32;

/**
 * Reads the query of a request target into pairs in their order, repeated names kept, `+` as a blank
 * (application/x-www-form-urlencoded). At most 6,144 characters and 32 parameters. Unlike URLSearchParams it never
 * replaces: an escape that is not two hexadecimal digits, bytes that are no UTF-8, and NUL are refused by name.
 * @throws QueryError
 */
export function parseQuery(target: string): [string, string][] {
  const mark = target.indexOf('?');
  if (mark < 0 || mark === target.length - 1) return [];
  const text = target.slice(mark + 1);
  if (text.length > maxLength) {
    throw new QueryError('query', 'is too long', `send at most ${maxLength} characters`);
  }
  const pairs: [string, string][] = [];
  for (const part of text.split('&')) {
    if (part === '') continue;
    if (pairs.length === maxParameters) {
      throw new QueryError('query', 'has too many parameters', `send at most ${maxParameters}`);
    }
    const equals = part.indexOf('=');
    const name = decode('query', equals < 0 ? part : part.slice(0, equals));
    pairs.push([name, equals < 0 ? '' : decode(name.slice(0, 100) || 'query', part.slice(equals + 1))]);
  }
  return pairs;
}

function decode(field: string, text: string): string {
  const decoded = tryDecode(text.replaceAll('+', ' '));
  if (decoded === undefined) {
    throw new QueryError(field, 'is not percent-encoded UTF-8', 'encode it with encodeURIComponent');
  }
  if (decoded.includes('\0')) throw new QueryError(field, 'holds a NUL character', 'remove it');
  return decoded;
}

function tryDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
