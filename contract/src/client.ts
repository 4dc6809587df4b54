import type { z } from 'zod';
import type { FieldProblem } from './check.ts';
import type { Code, ProblemBody } from './problem.ts';
import type { RouteKey, Routes } from './routes.ts';

type Part<R, F extends string, Name extends string> = R extends { [K in F]: infer S extends z.ZodType }
  ? { [K in Name]: z.input<S> }
  : { [K in Name]?: never };

/** What a call of a route takes; `version` becomes `If-Match`, `key` becomes `Idempotency-Key`. */
export type ApiInput<K extends RouteKey> = Part<Routes[K], 'params', 'params'> &
  Partial<Part<Routes[K], 'query', 'query'>> &
  Part<Routes[K], 'body', 'body'> &
  (Routes[K] extends { version: true } ? { version: number } : { version?: never }) &
  (Routes[K] extends { key: 'required' }
    ? { key: string }
    : Routes[K] extends { key: 'optional' }
      ? { key?: string }
      : { key?: never }) & { signal?: AbortSignal };

/** What a route answers; nothing for 204. */
export type ApiAnswer<K extends RouteKey> = Routes[K]['ok']['schema'] extends z.ZodType
  ? z.output<Routes[K]['ok']['schema']>
  : undefined;

export type Api = <K extends RouteKey>(
  route: K,
  ...input: Record<string, never> extends ApiInput<K> ? [input?: ApiInput<K>] : [input: ApiInput<K>]
) => Promise<ApiAnswer<K>>;

export type ApiOptions = { origin?: string; token?: string; expired?: () => void; fetch?: typeof fetch };

/** An answer that is no success, as an error: decide by `code`; `current` is the record as it is now, at 412. */
export class Problem extends Error {
  readonly status: number;
  readonly code: Code | 'UNKNOWN';
  readonly current: unknown;
  readonly errors: readonly FieldProblem[];
  readonly requestId: string | undefined;

  constructor(status: number, body: Partial<ProblemBody> | null) {
    super(body?.detail ?? body?.title ?? `The server answered ${status}`);
    this.name = 'Problem';
    this.status = status;
    this.code = body?.code ?? 'UNKNOWN';
    this.current = body?.current;
    this.errors = body?.errors ?? [];
    this.requestId = body?.request_id;
  }
}

/**
 * Makes the typed client: `api('PATCH /v1/contacts/{id}', { params, body, version })`. Types come from the contract,
 * nothing of it is loaded. Answers the parsed JSON; throws `Problem` for every status that is no success (and calls
 * `expired` first at 401), and fetch's own error if there was no answer. Sends each request once.
 */
export function createApi({ origin = '', token, expired, fetch: send = globalThis.fetch }: ApiOptions = {}): Api {
  const api = async (route: string, input: LooseInput = {}) => {
    const [method = '', path = ''] = route.split(' ');
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(input.query ?? {}))
      if (value !== undefined) query.set(name, String(value));
    const url = origin + path.replace(/\{(\w+)\}/g, (_, name) => segment(name, input.params?.[name]));
    const headers: Record<string, string> = { accept: 'application/json' };
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    if (input.body !== undefined) headers['content-type'] = 'application/json';
    if (input.version !== undefined) headers['if-match'] = `"${input.version}"`;
    if (input.key !== undefined) headers['idempotency-key'] = input.key;
    const response = await send(query.size > 0 ? `${url}?${query}` : url, {
      method,
      headers,
      body: input.body === undefined ? null : JSON.stringify(input.body),
      signal: input.signal ?? null,
    });
    if (response.ok) return response.status === 204 ? undefined : await response.json();
    if (response.status === 401) expired?.();
    throw new Problem(response.status, (await response.json().catch(() => null)) as ProblemBody | null);
  };
  return api as Api;
}

type LooseInput = {
  params?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
  version?: number;
  key?: string;
  signal?: AbortSignal;
};

/** Dot segments are resolved by every URL parser, encoded or not, so they would reach another route. */
function segment(name: string, value: unknown): string {
  if (typeof value !== 'string' || /^\.{0,2}$/.test(value)) throw new TypeError(`${name} is not a usable path segment`);
  return encodeURIComponent(value);
}
