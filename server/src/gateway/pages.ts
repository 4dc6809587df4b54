import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { problems } from '@businessos/contract';
import type { Request, Response } from 'express';
import { hostCookie } from '../http/cookies.ts';
import { readForm } from '../http/form-body.ts';
import type { Host } from '../http/host.ts';
import { parseQuery } from '../http/query.ts';
import type { Web } from '../http/web.ts';
import { newOpaque, parseOpaque } from '../identity/opaque.ts';
import { problemWords } from '../pages/problem-words.ts';
import { Refusal } from '../refusal.ts';
import { explain, sendPage, sendTo } from './answer.ts';
import type { GatewayOptions } from './app.ts';
import { type Exchange, note, refuse } from './exchange.ts';

/** What a page gets; fields of a form and of the query are text, each given once. */
export interface PageRequest {
  host: Host;
  path: string;
  /** The part of the path that the route leaves open. */
  rest: string;
  query: Record<string, string>;
  form: Record<string, string>;
  web: Web;
  /** What every form of this browser must send back. */
  csrf: string;
  /** The browser was here before and keeps our cookies. */
  returning: boolean;
}

/** A page, or where to go instead. `refused` is an error that the page shows: it decides status and Retry-After. */
export type PageAnswer =
  | { html: string; status?: number; refused?: unknown; cookies?: readonly string[]; refresh?: string; csp?: string }
  | { location: string; cookies?: readonly string[] };

export interface PageRoute {
  hosts: readonly Host['kind'][];
  method: 'GET' | 'POST';
  /** The path; one that ends in `/*` leaves one segment open. */
  path: string;
  handle(request: PageRequest): Promise<PageAnswer>;
}

/** A file that pages load, named by its content. */
export interface PageAsset {
  body: Buffer;
  type: string;
  encoding?: string;
}

export interface Pages {
  routes: readonly PageRoute[];
  findAsset(path: string, acceptEncoding: string | undefined): Promise<PageAsset | undefined>;
  /** The page of a problem. */
  problem(request: { host: Host; status: number; title: string; advice: string; requestId: string }): Promise<string>;
  csrfKey: KeyObject;
}

const PRE_COOKIE = '__Host-bos-pre';
const PRE_S = 30 * 86_400;
const SAFE = new Set(['GET', 'HEAD']);

/** Serves a page or a file of one; false when this address has neither. */
export async function servePages(
  options: GatewayOptions,
  request: Request,
  response: Response,
  exchange: Exchange,
): Promise<boolean> {
  const { pages, log } = options;
  const { host, path, id } = exchange;
  if (path.startsWith('/assets/'))
    return SAFE.has(request.method) && (await serveAsset(pages, request, response, exchange));
  const here = pages.routes.filter((one) => one.hosts.includes(host.kind) && restOf(one, path) !== undefined);
  const route = here.find(({ method }) => method === (request.method === 'HEAD' ? 'GET' : request.method));
  if (route === undefined) {
    // a person who mistyped an address gets a page, a program its problem
    if (!SAFE.has(request.method) || !/\btext\/html\b/.test(request.headers.accept ?? '')) return false;
    await problemPage(options, response, exchange, new Refusal('NOT_FOUND'));
    return true;
  }
  const known = parseOpaque(exchange.web.cookie(PRE_COOKIE) ?? '') && exchange.web.cookie(PRE_COOKIE);
  const pre = known || newOpaque();
  const more = known ? [] : [hostCookie(PRE_COOKIE, pre, PRE_S)];
  try {
    const csrf = createHmac('sha256', pages.csrfKey).update(pre).digest('base64url');
    const form = route.method === 'POST' ? await readForm(request) : {};
    if (route.method === 'POST' && !(known && isEqual(form['csrf'] ?? '', csrf))) throw new Refusal('CROSS_ORIGIN');
    const query = Object.fromEntries(parseQuery(`?${exchange.query}`));
    const { web } = exchange;
    const rest = restOf(route, path) ?? '';
    const answer = await route.handle({ host, path, rest, query, form, web, csrf, returning: Boolean(known) });
    const cookies = [...(answer.cookies ?? []), ...more];
    if ('location' in answer) sendTo(response, id, answer.location, cookies);
    else {
      const { refused } = answer;
      const status = refused === undefined ? (answer.status ?? 200) : shown(log, response, refused);
      sendPage(response, id, status, answer.html, {
        ...(cookies.length > 0 && { 'Set-Cookie': cookies }),
        ...waiting(status, refused),
        ...(answer.refresh !== undefined && { Refresh: `0; url=${answer.refresh}` }),
        ...(answer.csp !== undefined && { 'Content-Security-Policy': answer.csp }),
      });
    }
  } catch (error) {
    await problemPage(options, response, exchange, error).catch((another: unknown) => refuse(log, response, another));
  }
  return true;
}

async function problemPage(
  { pages, log }: GatewayOptions,
  response: Response,
  exchange: Exchange,
  error: unknown,
): Promise<void> {
  const { code } = explain(error);
  const { status } = problems[code];
  if ((error as { code?: string }).code === 'ABORTED') return void response.destroy();
  const { host, id } = exchange;
  const words = problemWords(code, error instanceof Refusal ? error.retryAfterS : undefined);
  const html = await pages.problem({ host, status, ...words, requestId: id });
  sendPage(response, id, shown(log, response, error), html, waiting(status, error));
}

/** Logs a refusal that a page shows, and returns its status. */
function shown(log: GatewayOptions['log'], response: Response, error: unknown): number {
  const { code, detail } = explain(error);
  note(log, response, { code, detail, unexpected: code === 'INTERNAL' });
  return problems[code].status;
}

function waiting(status: number, error: unknown): Record<string, string> {
  if (status !== 429 && status !== 503) return {};
  return { 'Retry-After': String((error instanceof Refusal ? error.retryAfterS : undefined) ?? 1) };
}

async function serveAsset(pages: Pages, request: Request, response: Response, exchange: Exchange): Promise<boolean> {
  const asset = await pages.findAsset(exchange.path, request.headers['accept-encoding']);
  if (asset === undefined) return false;
  response.writeHead(200, {
    'Cache-Control': 'public, max-age=31536000, immutable',
    'Content-Type': asset.type,
    'Content-Length': asset.body.length,
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': exchange.id,
    ...(asset.encoding && { 'Content-Encoding': asset.encoding, Vary: 'Accept-Encoding' }),
  });
  response.end(request.method === 'HEAD' ? undefined : asset.body);
  return true;
}

/** The open segment of a path, '' where the route has none; undefined when the path is another. */
function restOf({ path: pattern }: PageRoute, path: string): string | undefined {
  if (!pattern.endsWith('/*')) return pattern === path ? '' : undefined;
  const rest = path.startsWith(pattern.slice(0, -1)) ? path.slice(pattern.length - 1) : '';
  return /^[A-Za-z0-9._-]{1,200}$/.test(rest) ? rest : undefined;
}

function isEqual(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}
