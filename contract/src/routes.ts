import { z } from 'zod';
import { crmRoutes } from './crm-routes.ts';
import { peopleRoutes } from './people-routes.ts';
import { always, type Route, type RouteTable } from './route.ts';
import { tenantRoutes } from './tenant-routes.ts';

const status = <T extends string>(text: T) => z.strictObject({ status: z.literal(text) });

const systemRoutes = {
  'GET /healthz': {
    summary: 'Tell that the process answers',
    host: 'any',
    permission: 'public',
    ok: { status: 200, schema: status('ok') },
    problems: always,
  },
  'GET /readyz': {
    summary: 'Tell that the process can serve tenants',
    host: 'any',
    permission: 'public',
    ok: { status: 200, schema: status('ready') },
    problems: [...always, 'DATABASE_UNAVAILABLE', 'REVOCATION_UNKNOWN'],
  },
  'GET /openapi.json': {
    summary: 'Read this document',
    host: 'any',
    permission: 'public',
    ok: { status: 200, schema: z.record(z.string(), z.unknown()) },
    problems: always,
  },
} as const satisfies RouteTable;

/** The contract: every address with what it takes, what it answers and how it can fail. */
export const routes = { ...crmRoutes, ...tenantRoutes, ...peopleRoutes, ...systemRoutes } as const;

export type { Route };
export type Routes = typeof routes;
export type RouteKey = keyof Routes;

/** A part of a route's request after it was checked; undefined where the route takes none. */
export type RequestPart<K extends RouteKey, Part extends 'params' | 'body'> = Routes[K] extends {
  [P in Part]: infer S extends z.ZodType;
}
  ? z.output<S>
  : undefined;

/** The body of a route's answer; null where it has none. */
export type Answer<K extends RouteKey> = Routes[K]['ok']['schema'] extends z.ZodType
  ? z.input<Routes[K]['ok']['schema']>
  : null;
