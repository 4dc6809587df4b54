import type { ListQuery, RouteKey, Routes } from '@businessos/contract';
import type { Querier, Scope } from '@businessos/tenancy';
import type { z } from 'zod';

type Parsed<K extends RouteKey, Part extends 'params' | 'body'> = Routes[K] extends {
  [P in Part]: infer S extends z.ZodType;
}
  ? z.output<S>
  : undefined;

/** What a handler gets: everything parsed and checked by the contract. */
export interface Input<K extends RouteKey> {
  params: Parsed<K, 'params'>;
  body: Parsed<K, 'body'>;
  list: Routes[K] extends { list: string } ? ListQuery : undefined;
  /** Of If-Match, where the route needs it. */
  version: Routes[K] extends { version: true } ? number : undefined;
  /** Of Idempotency-Key; given where the contract requires it. */
  key: Routes[K] extends { key: 'required' } ? string : string | undefined;
  /** The scope of a tenant's request. */
  scope: Routes[K] extends { host: 'tenant' } ? Scope : undefined;
  /** Runs statements in the scope; for writes the request's one transaction. */
  db: Routes[K] extends { host: 'tenant' } ? Querier : undefined;
}

/** What a handler answers; `version` becomes the ETag. */
export interface Output<K extends RouteKey> {
  body: Routes[K]['ok']['schema'] extends z.ZodType ? z.input<Routes[K]['ok']['schema']> : null;
  version?: number;
}

/** One function for each route of the contract; the compiler finds a missing one. */
export type Handlers = { [K in RouteKey]: (input: Input<K>) => Promise<Output<K>> };
