import { createHash, randomUUID } from 'node:crypto';
import { etag, type Permission, permits, type Route, type RouteKey, routes } from '@businessos/contract';
import type { Tenancy } from '@businessos/tenancy';
import type { Resolver } from '@businessos/tenancy/express';
import express, { type Express, type Request, type Response } from 'express';
import type { Logger } from 'pino';
import { type Host, type HostOptions, parseHost, parseTarget } from '../http/host.ts';
import { ClientGone } from '../http/json-body.ts';
import { Refusal } from '../refusal.ts';
import { MethodRefusal, sendJson, sendProblem } from './answer.ts';
import type { Handlers } from './handler.ts';
import { keepAnswer, type StoredAnswer, takeKey } from './idempotency-store.ts';
import { bearer, type Parts, readParts, tenantHeader } from './request.ts';

/** What the composition gives the gateway. */
export interface GatewayOptions {
  host: HostOptions;
  tenancy: Tenancy;
  resolve: Resolver;
  /** Verifies an operator's token and returns the operator's principal. */
  operator(token: string): string;
  handlers: Handlers;
  /** Pages of the demo; absent otherwise. Returns false when it has none for this address. */
  page?(host: Host, path: string, response: Response, requestId: string): Promise<boolean>;
  log: Logger;
}

interface Exchange {
  id: string;
  started: number;
  host: Host;
  path: string;
  query: string;
  tenant?: string;
}

type AnyHandler = (input: Parts & { scope?: unknown; db?: unknown }) => Promise<{ body: unknown; version?: number }>;

/**
 * The gateway: each request passes host, route, tenant and credential, permission, shape, scope and answer, in this
 * order, and leaves at the first that refuses it.
 */
export function createApp(options: GatewayOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.use((request, response, next) => {
    const exchange = open(request, options.host);
    response.locals['exchange'] = exchange;
    logWhenDone(options.log, exchange, request, response);
    const target = parseTarget(request.url);
    if (target.kind === 'invalid') return refuse(options, response, new Refusal('TARGET_INVALID'));
    if (exchange.host.kind === 'invalid') return refuse(options, response, new Refusal('HOST_INVALID'));
    exchange.path = target.path;
    exchange.query = target.query;
    next();
  });
  const byPath = new Map<string, string[]>();
  for (const [key, route] of Object.entries<Route>(routes)) {
    const [method = '', path = ''] = key.split(' ');
    const pattern = path.replaceAll(/\{(\w+)\}/g, ':$1');
    const verb = method.toLowerCase() as 'get' | 'post' | 'patch' | 'delete';
    app[verb](pattern, (request, response) => serve(options, key as RouteKey, route, request, response));
    byPath.set(pattern, [...(byPath.get(pattern) ?? []), method]);
  }
  for (const [pattern, methods] of byPath) {
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].join(', ');
    app.all(pattern, (_request, response) => refuse(options, response, new MethodRefusal(allow)));
  }
  app.use(async (_request, response) => {
    const { host, path, id } = exchangeOf(response);
    if (await options.page?.(host, path, response, id)) return;
    refuse(options, response, new Refusal('NOT_FOUND'));
  });
  app.use((error: unknown, _request: Request, response: Response, _next: unknown) => refuse(options, response, error));
  return app;
}

async function serve(
  options: GatewayOptions,
  key: RouteKey,
  route: Route,
  request: Request,
  response: Response,
): Promise<void> {
  const exchange = exchangeOf(response);
  try {
    const { host } = exchange;
    if (!serves(route, host)) throw new Refusal('NOT_FOUND');
    const handler = options.handlers[key] as unknown as AnyHandler;
    if (route.host === 'any' || route.host === 'operator') {
      if (route.permission === 'operator') operatorOf(options, request);
      const parts = await readParts(request, route, request.params as Record<string, string>, exchange.query);
      send(response, exchange, route, await handler(parts));
      return;
    }
    const { tenant, principal, claims } = await options.resolve({
      hostSlug: host.kind === 'tenant' ? host.slug : undefined,
      headerSlug: tenantHeader(request),
      token: bearer(request),
    });
    exchange.tenant = tenant.slug;
    if (route.permission !== 'member' && !permits(claims.role ?? '', route.permission as Permission))
      throw new Refusal('PERMISSION_MISSING');
    const parts = await readParts(request, route, request.params as Record<string, string>, exchange.query);
    const signal = gone(response);
    await options.tenancy.withTenant(
      tenant.id,
      principal,
      async () => {
        const scope = options.tenancy.currentScope();
        if (request.method === 'GET' || request.method === 'HEAD') {
          const db = {
            query: (statement: never, form?: object) => options.tenancy.query(statement, { ...form, signal }),
          };
          send(response, exchange, route, await handler({ ...parts, scope, db }));
        } else {
          const answer = await write(options.tenancy, handler, route, parts, principal, request, signal);
          sendJson(
            response,
            exchange.id,
            answer.status,
            answer.body,
            answer.etag === null ? {} : { ETag: answer.etag },
          );
        }
      },
      { requestId: exchange.id },
    );
  } catch (error) {
    refuse(options, response, error);
  }
}

/** A write and, where the client sent a key, its stored answer in one transaction. */
async function write(
  tenancy: Tenancy,
  handler: AnyHandler,
  route: Route,
  parts: Parts,
  principal: string,
  request: Request,
  signal: AbortSignal,
): Promise<StoredAnswer> {
  const { key } = parts;
  const scope = tenancy.currentScope();
  return await tenancy.transaction(
    async (tx) => {
      if (key === undefined) return stored(route, await handler({ ...parts, scope, db: tx }));
      const hash = createHash('sha256')
        .update(JSON.stringify([request.method, request.path, parts.version ?? null, parts.body ?? null]))
        .digest('base64url');
      const before = await takeKey(tx, principal, key, hash);
      if (before) return before;
      const answer = stored(route, await handler({ ...parts, scope, db: tx }));
      await keepAnswer(tx, principal, key, answer);
      return answer;
    },
    { signal },
  );
}

function stored(route: Route, { body, version }: { body: unknown; version?: number }): StoredAnswer {
  return {
    status: route.ok.status,
    body: body === null ? '' : JSON.stringify(body),
    etag: version === undefined ? null : etag(version),
  };
}

function send(response: Response, exchange: Exchange, route: Route, output: { body: unknown; version?: number }): void {
  const answer = stored(route, output);
  sendJson(response, exchange.id, answer.status, answer.body, answer.etag === null ? {} : { ETag: answer.etag });
}

function serves(route: Route, host: Host): boolean {
  if (route.host === 'any') return true;
  return route.host === 'operator' ? host.kind === 'operator' : host.kind === 'tenant' || host.kind === 'api';
}

function operatorOf(options: GatewayOptions, request: Request): string {
  const token = bearer(request);
  if (token === undefined) throw new Refusal('CREDENTIAL_MISSING');
  return options.operator(token);
}

/** Aborts when the client went away before its answer was written. */
function gone(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

function open(request: Request, host: HostOptions): Exchange {
  return {
    id: randomUUID(),
    started: performance.now(),
    host: parseHost(request.rawHeaders, host),
    path: '',
    query: '',
  };
}

function exchangeOf(response: Response): Exchange {
  return response.locals['exchange'] as Exchange;
}

function refuse({ log }: GatewayOptions, response: Response, error: unknown): void {
  if (error instanceof ClientGone || (error as { code?: string }).code === 'ABORTED') {
    response.destroy();
    return;
  }
  const { id, tenant } = exchangeOf(response);
  const { code, detail, unexpected } = sendProblem(response, id, error);
  response.locals['code'] = code;
  if (unexpected) log.error({ requestId: id, tenant, detail }, 'request failed');
  else if (detail !== undefined) log.debug({ requestId: id, tenant, code, detail }, 'request refused');
}

function logWhenDone(log: Logger, exchange: Exchange, request: Request, response: Response): void {
  response.once('close', () => {
    const { id, tenant, started } = exchange;
    const ms = Math.round((performance.now() - started) * 10) / 10;
    // without the query and odd segments: they may hold names and addresses of people, or a token at a wrong place
    const path = exchange.path.replace(/[^/]*[^/A-Za-z0-9._-][^/]*|[^/]{65,}/g, '…');
    log.info(
      {
        requestId: id,
        tenant,
        method: request.method,
        path,
        status: response.statusCode,
        code: response.locals['code'],
        ms,
        aborted: response.writableFinished ? undefined : true,
      },
      'request',
    );
  });
}
