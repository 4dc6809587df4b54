import type { ServerResponse } from 'node:http';
import { type Code, type FieldProblem, problemBody, problems } from '@businessos/contract';
import { TenancyError } from '@businessos/tenancy';
import { BodyError } from '../http/json-body.ts';
import { QueryError } from '../http/query.ts';
import { PAGE_CSP } from '../pages/layout.ts';
import { detailOf, Refusal } from '../refusal.ts';

/** On every answer, whatever it says: an answer for a wrong tenant must not differ from that for a missing one. */
const HEADERS = {
  'Cache-Control': 'private, no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
} as const;

/** Answers JSON text. */
export function sendJson(
  response: ServerResponse,
  requestId: string,
  status: number,
  body: string,
  more: Record<string, string | string[]> = {},
): void {
  if (response.headersSent) return;
  const content =
    status === 204
      ? {}
      : { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': String(Buffer.byteLength(body)) };
  response.writeHead(status, { ...HEADERS, 'X-Request-Id': requestId, ...content, ...more });
  response.end(status === 204 ? undefined : body);
}

/** Answers a page with the Content-Security-Policy of pages, unless `more` has another. */
export function sendPage(
  response: ServerResponse,
  requestId: string,
  status: number,
  html: string,
  more: Record<string, string | string[]> = {},
): void {
  if (response.headersSent) return;
  response.writeHead(status, {
    ...HEADERS,
    'Content-Security-Policy': PAGE_CSP,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'X-Request-Id': requestId,
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(html)),
    ...more,
  });
  response.end(html);
}

/** Sends a browser elsewhere: 303, so that whatever it did, it now reads (RFC 9110, section 15.4.4). */
export function sendTo(
  response: ServerResponse,
  requestId: string,
  location: string,
  cookies: readonly string[],
): void {
  response.writeHead(303, {
    ...HEADERS,
    'X-Request-Id': requestId,
    Location: location,
    'Content-Length': '0',
    ...(cookies.length > 0 && { 'Set-Cookie': [...cookies] }),
  });
  response.end();
}

/** Answers a problem (RFC 9457). Returns what the operator's log should know beyond the code. */
export function sendProblem(
  response: ServerResponse,
  requestId: string,
  error: unknown,
): { code: Code; detail: string | undefined; unexpected: boolean } {
  const { code, errors, current, detail } = explain(error);
  const { status } = problems[code];
  const body = problemBody(code, requestId, { ...(errors && { errors }), ...(current !== undefined && { current }) });
  const headers: Record<string, string> = { 'Content-Type': 'application/problem+json; charset=utf-8' };
  if (status === 503) headers['Retry-After'] = '1';
  if (error instanceof Refusal && error.retryAfterS !== undefined) headers['Retry-After'] = String(error.retryAfterS);
  if (status === 401) headers['WWW-Authenticate'] = 'Bearer';
  if (code === 'HOST_INVALID' || code === 'TARGET_INVALID') headers['Connection'] = 'close';
  if (error instanceof MethodRefusal) headers['Allow'] = error.allow;
  sendJson(response, requestId, status, JSON.stringify(body), headers);
  return { code, detail, unexpected: code === 'INTERNAL' };
}

/** The bytes that answer what no parser could make a request of: a 400 like any other, after which the connection ends. */
export function malformedAnswer(requestId: string, error: FieldProblem): string {
  const body = JSON.stringify(problemBody('REQUEST_INVALID', requestId, { errors: [error] }));
  const headers = {
    ...HEADERS,
    'X-Request-Id': requestId,
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return ['HTTP/1.1 400 Bad Request', ...lines, '', body].join('\r\n');
}

/** A path that exists, asked with a method that it does not take. */
export class MethodRefusal extends Refusal {
  readonly allow: string;
  constructor(allow: string) {
    super('METHOD_NOT_ALLOWED');
    this.allow = allow;
  }
}

export interface Explained {
  code: Code;
  errors?: Refusal['errors'];
  current?: unknown;
  detail?: string | undefined;
}

/** What an error is on the wire: its code, the fields at fault, and what the operator's log should know. */
export function explain(error: unknown): Explained {
  if (error instanceof Refusal)
    return { code: error.code, errors: error.errors, current: error.current, detail: detailOf(error) };
  if (error instanceof BodyError)
    return { code: error.code, errors: [{ field: error.field, problem: error.problem, fix: error.fix }] };
  if (error instanceof QueryError)
    return { code: 'REQUEST_INVALID', errors: [{ field: error.field, problem: error.problem, fix: error.fix }] };
  return { code: error instanceof TenancyError ? codeOf(error) : 'INTERNAL', detail: detailOf(error) };
}

/** The kernel's codes that the wire knows under the same name; the others are faults of ours. */
const SAME = new Set<string>([
  'NOT_FOUND',
  'CREDENTIAL_MISSING',
  'CREDENTIAL_INVALID',
  'TENANT_SUSPENDED',
  'TENANT_READ_ONLY',
  'POOL_BUSY',
  'DATABASE_UNAVAILABLE',
  'OUTCOME_UNKNOWN',
  'TIMED_OUT',
  'CONFLICT',
  'VALUE_REFUSED',
] satisfies Code[]);
const OTHER: Record<string, Code> = {
  TENANT_FENCED: 'DATABASE_UNAVAILABLE',
  TENANT_MOVED: 'DATABASE_UNAVAILABLE',
  SERIALIZATION: 'POOL_BUSY',
  POOL_ENDED: 'DATABASE_UNAVAILABLE',
  REFERENCE_MISSING: 'VALUE_REFUSED',
};

function codeOf(error: TenancyError): Code {
  return SAME.has(error.code) ? (error.code as Code) : (OTHER[error.code] ?? 'INTERNAL');
}
