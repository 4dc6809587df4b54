import { createHash } from 'node:crypto';
import { etag, type Permission, type Route, type RouteKey } from '@businessos/contract';
import type { Tenancy } from '@businessos/tenancy';
import type { Request, Response } from 'express';
import type { Host } from '../http/host.ts';
import type { Rights } from '../identity/authenticate.ts';
import { Refusal } from '../refusal.ts';
import { sendJson } from './answer.ts';
import type { GatewayOptions } from './app.ts';
import { type Exchange, exchangeOf, gone, refuse } from './exchange.ts';
import { keepAnswer, type StoredAnswer, takeKey } from './idempotency-store.ts';
import { bearer, type Parts, readParts, tenantHeader } from './request.ts';

type Output = {
  body: unknown;
  version?: number;
  also?: boolean;
  cookies?: readonly string[];
  after?: () => Promise<void> | void;
};
type AnyHandler = (input: Parts & Record<string, unknown>) => Promise<Output>;

const SAFE = new Set(['GET', 'HEAD']);

/** Takes one request of the contract through credential, permission, shape and scope to its answer. */
export async function serve(
  options: GatewayOptions,
  key: RouteKey,
  route: Route,
  request: Request,
  response: Response,
): Promise<void> {
  const exchange = exchangeOf(response);
  try {
    if (!serves(route, exchange.host)) throw new Refusal('NOT_FOUND');
    const handler = options.handlers[key] as unknown as AnyHandler;
    if (route.host === 'tenant') await serveTenant(options, key, route, handler, request, response);
    else await serveOther(options, route, handler, request, response);
  } catch (error) {
    refuse(options.log, response, error);
  }
}

/** An address of the identity host or of operators, or one that needs nobody. */
async function serveOther(
  options: GatewayOptions,
  route: Route,
  handler: AnyHandler,
  request: Request,
  response: Response,
): Promise<void> {
  const exchange = exchangeOf(response);
  const { web } = exchange;
  const whose = async () => {
    if (route.permission === 'public') return undefined;
    options.requireKnown();
    if (route.permission === 'login') return await options.login(web, route.fresh === true);
    const token = bearer(request);
    if (token === undefined) throw new Refusal('CREDENTIAL_MISSING');
    options.operator(token);
    return undefined;
  };
  let own = await whose();
  const parts = await readParts(request, route, request.params as Record<string, string>, exchange.query);
  if (route.body) own = await whose(); // what was good when the body began to come may have ended
  const output = await handler({ ...parts, web, own });
  await output.after?.();
  send(response, exchange, stored(route, output), output.cookies);
}

/** An address of a tenant: a read in one statement or more, a write in one transaction. */
async function serveTenant(
  options: GatewayOptions,
  key: RouteKey,
  route: Route,
  handler: AnyHandler,
  request: Request,
  response: Response,
): Promise<void> {
  const exchange = exchangeOf(response);
  const { host, web, id } = exchange;
  const presented = {
    hostSlug: host.kind === 'tenant' ? host.slug : undefined,
    headerSlug: tenantHeader(request),
    bearer: bearer(request),
    session: host.kind === 'tenant' ? web.cookie(options.sessionCookie) : undefined,
    web,
  };
  const admit = async () => {
    const found = await options.resolve(presented);
    exchange.tenant = found.tenant.slug;
    if (!allows(route.permission, found)) {
      await options.recordDenial(found, key, id);
      throw new Refusal('PERMISSION_MISSING');
    }
    if (route.fresh) await options.requireRecent(found);
    return found;
  };
  let rights = await admit();
  const parts = await readParts(request, route, request.params as Record<string, string>, exchange.query);
  // a body may take half a minute to come, and what was allowed when it began may be taken away by then
  if (!rights.stand()) rights = await admit();
  const tenancy = options.tenancyOf(key);
  const signal = gone(response);
  await tenancy.withTenant(
    rights.tenant.id,
    rights.principal,
    async () => {
      const input = { ...parts, scope: tenancy.currentScope(), rights, web };
      if (SAFE.has(request.method)) {
        const db = { query: (statement: never, form?: object) => tenancy.query(statement, { ...form, signal }) };
        send(response, exchange, stored(route, await handler({ ...input, db })));
      } else {
        const written = await write(tenancy, handler, route, input, rights.principal, request, signal);
        await written.after?.();
        send(response, exchange, written.answer, written.cookies);
      }
    },
    { requestId: id },
  );
}

function allows(permission: Route['permission'], { role, may }: Rights): boolean {
  if (permission === 'member') return true;
  if (permission === 'person') return role !== undefined;
  return may(permission as Permission);
}

/** A write and, where the client sent a key, its stored answer in one transaction. */
async function write(
  tenancy: Tenancy,
  handler: AnyHandler,
  route: Route,
  input: Parts & Record<string, unknown>,
  principal: string,
  request: Request,
  signal: AbortSignal,
): Promise<Pick<Output, 'after' | 'cookies'> & { answer: StoredAnswer }> {
  const key = route.key === undefined ? undefined : input.key;
  return await tenancy.transaction(
    async (tx) => {
      const act = async () => {
        const { after, cookies, ...output } = await handler({ ...input, db: tx });
        return { answer: stored(route, output), ...(after && { after }), ...(cookies && { cookies }) };
      };
      if (key === undefined) return await act();
      const hash = createHash('sha256')
        .update(JSON.stringify([request.method, request.path, input.version ?? null, input.body ?? null]))
        .digest('base64url');
      const before = await takeKey(tx, principal, key, hash);
      if (before) return { answer: before };
      const done = await act();
      await keepAnswer(tx, principal, key, done.answer);
      return done;
    },
    { signal },
  );
}

function stored(route: Route, { body, version, also }: Output): StoredAnswer {
  return {
    status: (also && route.ok.also) || route.ok.status,
    body: body === null ? '' : JSON.stringify(body),
    etag: version === undefined ? null : etag(version),
  };
}

function send(response: Response, exchange: Exchange, answer: StoredAnswer, cookies: readonly string[] = []): void {
  sendJson(response, exchange.id, answer.status, answer.body, {
    ...(answer.etag !== null && { ETag: answer.etag }),
    ...(cookies.length > 0 && { 'Set-Cookie': [...cookies] }),
  });
}

function serves(route: Route, host: Host): boolean {
  if (route.host === 'any') return true;
  if (route.host === 'tenant') return host.kind === 'tenant' || host.kind === 'api';
  return host.kind === route.host;
}
