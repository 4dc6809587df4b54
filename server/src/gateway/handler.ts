import type { Answer, ListQuery, RequestPart, RouteKey, Routes } from '@businessos/contract';
import type { Querier, Scope } from '@businessos/tenancy';
import type { Web } from '../http/web.ts';
import type { Rights } from '../identity/authenticate.ts';
import type { OwnLogin } from '../identity/own.ts';

type OfTenant<K extends RouteKey, T> = Routes[K] extends { host: 'tenant' } ? T : undefined;

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
  scope: OfTenant<K, Scope>;
  /** Who acts in the tenant, and what he may do. */
  rights: OfTenant<K, Rights>;
  /** Runs statements in the scope; for writes the request's one transaction. */
  db: OfTenant<K, Querier>;
  web: Web;
  /** The browser that is signed in, at an address of the identity host that needs it. */
  own: Routes[K] extends { permission: 'login' } ? OwnLogin : undefined;
}

/** What a handler answers; `version` becomes the ETag. */
export interface Output<K extends RouteKey> {
  body: Answer<K>;
  version?: number;
  /** The contract's other status. */
  also?: boolean;
  cookies?: readonly string[];
  /** Runs once the transaction is committed, before the answer leaves. */
  after?: () => Promise<void> | void;
}

/** One function for each route of the contract; the compiler finds a missing one. */
export type Handlers = { [K in RouteKey]: (input: Input<K>) => Promise<Output<K>> };
