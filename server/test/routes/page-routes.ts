import { startRoutes } from '../../src/demo/page.ts';
import { docsRoutes } from '../../src/docs/docs-routes.ts';
import type { PageRoute } from '../../src/gateway/pages.ts';
import { idPageRoutes } from '../../src/identity/id-page-routes.ts';
import { ownPageRoutes } from '../../src/identity/own-page-routes.ts';
import { tenantPageRoutes } from '../../src/identity/tenant-page-routes.ts';
import type { TestServer } from '../harness.ts';

/** Where a page is: the label of its host ('' for the base domain, `tenant` for any tenant's), method and path. */
export interface PageAt {
  label: string;
  method: 'GET' | 'POST';
  /** A path that ends in `/*` leaves a segment open. */
  path: string;
}

/** Every page that the server has, so that a new one is asked too. */
export function pagesOf({ platform }: Pick<TestServer, 'platform'>): PageAt[] {
  const { people } = platform;
  const local = { outbox: true };
  const all: readonly PageRoute[] = [
    ...startRoutes(platform, undefined),
    ...idPageRoutes(people, local),
    ...ownPageRoutes(people, local),
    ...tenantPageRoutes(people, people.authenticator),
    ...docsRoutes,
  ];
  return all.flatMap(({ hosts, method, path }) =>
    hosts.flatMap((kind) =>
      kind === 'local' || kind === 'invalid' ? [] : [{ label: kind === 'base' ? '' : kind, method, path }],
    ),
  );
}
