import type { Answer, ListQuery, RequestPart, RouteKey, Routes } from '@businessos/contract';
import type { Querier, Scope } from '@businessos/tenancy';

/** What a handler gets: everything parsed and checked by the contract. */
export interface Input<K extends RouteKey> {
  params: RequestPart<K, 'params'>;
  body: RequestPart<K, 'body'>;
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
  body: Answer<K>;
  version?: number;
}

/** One function for each route of the contract; the compiler finds a missing one. */
export type Handlers = { [K in RouteKey]: (input: Input<K>) => Promise<Output<K>> };
