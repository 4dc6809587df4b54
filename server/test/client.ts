import { type Agent, request } from 'node:http';
import { connect } from 'node:net';
import type { ApiAnswer, ProblemBody, RouteKey } from '@businessos/contract';
import { checkAnswer, findRoute } from './answer-check.ts';

/** An answer as it came over the wire. */
export interface RawAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  rawHeaders: string[];
  text: string;
}

/** An answer that was checked against the contract. */
export interface Answer<K extends RouteKey = RouteKey> extends RawAnswer {
  /** The body of a success; fails the test for anything else. */
  readonly ok: ApiAnswer<K>;
  /** The body of an error; fails the test for a success. */
  readonly problem: ProblemBody;
}

/** One request, header by header; nothing is added but what is named here and the framing of the body. */
export interface RawRequest {
  method: string;
  /** Path and query as they go out. */
  target: string;
  headers?: readonly (readonly [string, string])[];
  body?: string | Buffer | undefined;
  agent?: Agent | undefined;
  signal?: AbortSignal | undefined;
}

/** What goes beside the name of a route; `token: null` sends none. */
export interface CallInput {
  host?: string;
  token?: string | null;
  params?: Record<string, string>;
  query?: Record<string, string | number> | string;
  /** Sent as JSON; a string or Buffer goes out as it is. */
  body?: unknown;
  version?: number | string;
  key?: string;
  headers?: readonly (readonly [string, string])[];
  agent?: Agent;
  signal?: AbortSignal;
}

/** Sends a request and reads the whole answer. Rejects when the connection ends before it is complete. */
export function sendRaw(
  port: number,
  { method, target, headers = [], body, agent, signal }: RawRequest,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const out = request({
      host: '127.0.0.1',
      port,
      method,
      path: target,
      headers: headers.flat() as unknown as string[],
      agent: agent ?? false,
      setHost: false,
      ...(signal && { signal }),
    });
    out.on('error', reject);
    out.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          rawHeaders: response.rawHeaders,
          text: Buffer.concat(chunks).toString('utf8'),
        });
      });
    });
    out.end(body);
  });
}

/** Calls a route of the contract and checks the answer against it, whatever the answer is. */
export async function callRoute<K extends RouteKey>(
  port: number,
  route: K,
  input: CallInput & { host: string },
): Promise<Answer<K>> {
  const [method = '', path = ''] = route.split(' ');
  const { params, query = '', version, token, key, body, agent, signal } = input;
  const text = typeof query === 'string' ? query : new URLSearchParams(mapped(query)).toString();
  const headers: (readonly [string, string])[] = [['Host', input.host]];
  if (token) headers.push(['Authorization', `Bearer ${token}`]);
  if (version !== undefined) headers.push(['If-Match', typeof version === 'number' ? `"${version}"` : version]);
  if (key !== undefined) headers.push(['Idempotency-Key', key]);
  const bytes = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const more = input.headers ?? [];
  if (bytes !== undefined && !more.some(([name]) => name.toLowerCase() === 'content-type')) {
    headers.push(['Content-Type', 'application/json']);
  }
  if (bytes !== undefined) headers.push(['Content-Length', String(Buffer.byteLength(bytes))]);
  const target = `${path.replace(/\{(\w+)\}/g, (_, name: string) => params?.[name] ?? '')}${text === '' ? '' : `?${text}`}`;
  return (await exchange(port, {
    method,
    target,
    headers: [...headers, ...more],
    body: bytes,
    agent,
    signal,
  })) as Answer<K>;
}

/** Sends any request and checks the answer against the contract of whatever it addresses. */
export async function exchange(port: number, sent: RawRequest): Promise<Answer> {
  const raw = await sendRaw(port, sent);
  const parsed = checkAnswer(findRoute(sent.method, sent.target), raw, sent.method);
  return {
    ...raw,
    get ok() {
      if (raw.status >= 400) throw new Error(`expected a success, got ${raw.status} ${raw.text}`);
      return parsed as never;
    },
    get problem() {
      if (raw.status < 400) throw new Error(`expected a problem, got ${raw.status} ${raw.text}`);
      return parsed as ProblemBody;
    },
  };
}

/** Writes bytes to a new connection and returns everything that came back until the server closed it, as latin1. */
export function sendBytes(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET') reject(error);
    });
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}

function mapped(query: Record<string, string | number>): Record<string, string> {
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]));
}
