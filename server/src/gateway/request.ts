import type { IncomingMessage } from 'node:http';
import {
  check,
  type FieldProblem,
  idempotencyKey,
  ifMatch,
  type ListQuery,
  parseList,
  type Route,
} from '@businessos/contract';
import { headerValues, readTenantHeader } from '../http/host.ts';
import { hasBody, readJson } from '../http/json-body.ts';
import { parseQuery } from '../http/query.ts';
import { Refusal } from '../refusal.ts';

/** The parts of a request as the contract wants them, each checked. */
export interface Parts {
  params: unknown;
  body: unknown;
  list: ListQuery | undefined;
  version: number | undefined;
  key: string | undefined;
}

/**
 * Reads and checks what the route takes, nothing else: a body or query that the route does not know is refused too.
 * @throws Refusal, BodyError or QueryError naming the field and the fix.
 */
export async function readParts(
  request: IncomingMessage,
  route: Route,
  rawParams: Record<string, string>,
  query: string,
): Promise<Parts> {
  const key = header<string>(request, 'idempotency-key', idempotencyKey);
  if (route.key === 'required' && key === undefined)
    throw invalid({
      field: 'Idempotency-Key',
      problem: 'is missing',
      fix: 'send a UUID of your own, the same one when you send the request again',
    });
  const params = route.params && checked(route.params, rawParams, 'path', 'NOT_FOUND');
  const list = readList(route, query);
  const version = route.version ? readVersion(request) : undefined;
  if (!route.body && (await hasBody(request)))
    throw invalid({ field: 'body', problem: 'is not taken at this address', fix: 'send none' });
  const body = route.body && checked(route.body, await readJson(request), 'body');
  return { params, body, list, version, key };
}

/** The bearer token of a request (RFC 6750); '' for a header of another form, which no verifier accepts. */
export function bearer(request: IncomingMessage): string | undefined {
  const values = headerValues(request.rawHeaders, 'authorization');
  if (values.length === 0) return undefined;
  return (values.length === 1 && /^Bearer ([A-Za-z0-9._-]+)$/i.exec(values[0] ?? '')?.[1]) || '';
}

/** The `x-tenant` header; a name that no tenant can have is answered like a missing tenant. */
export function tenantHeader(request: IncomingMessage): string | undefined {
  const named = readTenantHeader(request.rawHeaders);
  if (named.kind === 'odd') throw new Refusal('NOT_FOUND');
  if (named.kind === 'invalid') throw new Refusal('HOST_INVALID');
  return named.kind === 'slug' ? named.slug : undefined;
}

function readList(route: Route, query: string): ListQuery | undefined {
  const pairs = query === '' ? [] : parseQuery(`?${query}`);
  if (route.list === undefined) {
    if (pairs[0])
      throw invalid({
        field: pairs[0][0].slice(0, 100) || 'query',
        problem: 'is not a parameter of this address',
        fix: 'leave it out',
      });
    return undefined;
  }
  const parsed = parseList(route.list, pairs);
  if (!parsed.ok) throw new Refusal(parsed.code, { errors: parsed.errors });
  return parsed.value;
}

function readVersion(request: IncomingMessage): number {
  const version = header<number>(request, 'if-match', ifMatch);
  if (version === undefined) throw new Refusal('VERSION_NEEDED');
  return version;
}

function header<T>(request: IncomingMessage, name: string, schema: Parameters<typeof check>[0]): T | undefined {
  const values = headerValues(request.rawHeaders, name);
  if (values.length === 0) return undefined;
  const field = name === 'if-match' ? 'If-Match' : 'Idempotency-Key';
  if (values.length > 1) throw invalid({ field, problem: 'is given twice', fix: 'send it once' });
  const result = check(schema, values[0], field);
  if (!result.ok) throw invalid(...result.errors);
  return result.value as T;
}

function checked(
  schema: Parameters<typeof check>[0],
  value: unknown,
  root: string,
  code: 'REQUEST_INVALID' | 'NOT_FOUND' = 'REQUEST_INVALID',
): unknown {
  const result = check(schema, value, root);
  if (!result.ok) throw code === 'NOT_FOUND' ? new Refusal(code) : invalid(...result.errors);
  return result.value;
}

function invalid(...errors: FieldProblem[]): Refusal {
  return new Refusal('REQUEST_INVALID', { errors });
}
