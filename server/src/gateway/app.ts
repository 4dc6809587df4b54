import type { BlockList } from 'node:net';
import { type Route, type RouteKey, routes } from '@businessos/contract';
import type { Tenancy } from '@businessos/tenancy';
import express, { type Express, type Request, type Response } from 'express';
import type { Logger } from 'pino';
import { type HostOptions, parseTarget } from '../http/host.ts';
import { isOwnOrigin } from '../http/origin.ts';
import type { Web } from '../http/web.ts';
import type { Presented, Rights } from '../identity/authenticate.ts';
import type { OwnLogin } from '../identity/own.ts';
import { Refusal } from '../refusal.ts';
import { MethodRefusal } from './answer.ts';
import { exchangeOf, logWhenDone, openExchange, refuse } from './exchange.ts';
import type { Handlers } from './handler.ts';
import { type Pages, servePages } from './pages.ts';
import { serve } from './serve.ts';

/** What the composition gives the gateway. */
export interface GatewayOptions {
  host: HostOptions;
  /** Proxies whose X-Forwarded-For is believed. */
  trusted: BlockList;
  sessionCookie: string;
  /** Decides whose a request of a tenant is. */
  resolve(presented: Presented): Promise<Rights>;
  recordDenial(rights: Rights, what: string, requestId: string): Promise<void>;
  /** Lets pass whoever signed in recently. */
  requireRecent(rights: Rights): Promise<void>;
  /** Lets pass while this process knows what was taken away. */
  requireKnown(): void;
  /** The browser that is signed in at the identity host. */
  login(web: Web, recent: boolean): Promise<OwnLogin>;
  /** Verifies an operator's token and returns the operator's principal. */
  operator(token: string): string;
  handlers: Handlers;
  /** Whose connections a tenant's route runs on. */
  tenancyOf(key: RouteKey): Tenancy;
  pages: Pages;
  log: Logger;
}

/**
 * The gateway: each request passes target, host, origin, route, tenant and credential, permission, shape, scope and
 * answer, in this order, and leaves at the first that refuses it.
 */
export function createApp(options: GatewayOptions): Express {
  const { log } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.use((request, response, next) => {
    const exchange = openExchange(request, options.host, options.trusted);
    response.locals['exchange'] = exchange;
    logWhenDone(log, exchange, request, response);
    const target = parseTarget(request.url);
    if (target.kind === 'invalid') return refuse(log, response, new Refusal('TARGET_INVALID'));
    if (exchange.host.kind === 'invalid') return refuse(log, response, new Refusal('HOST_INVALID'));
    exchange.path = target.path;
    exchange.query = target.query;
    const scheme = options.host.production ? 'https' : 'http';
    if (!isOwnOrigin(request.method, request.rawHeaders, `${scheme}://${request.headers.host?.toLowerCase()}`))
      return refuse(log, response, new Refusal('CROSS_ORIGIN'));
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
    app.all(pattern, (_request, response) => refuse(log, response, new MethodRefusal(allow)));
  }
  app.use(async (request, response) => {
    if (await servePages(options, request, response, exchangeOf(response))) return;
    refuse(log, response, new Refusal('NOT_FOUND'));
  });
  app.use((error: unknown, _request: Request, response: Response, _next: unknown) => refuse(log, response, error));
  return app;
}
