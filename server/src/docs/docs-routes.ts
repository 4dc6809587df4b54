import type { PageAsset, PageRoute } from '../gateway/pages.ts';
import { assets } from '../pages/assets.ts';
import { DOCS_CSP, docsPage, findDocsAsset } from './docs-page.ts';

/** The page of the API. It runs a script of others, so it stays off every host with a cookie: `id` and the tenants'. */
export const docsRoutes: readonly PageRoute[] = [
  {
    hosts: ['api', 'base', 'local'],
    method: 'GET',
    path: '/docs',
    handle: async ({ host }) => ({
      html: docsPage({
        title: 'BusinessOS API',
        document: '/openapi.json',
        here: host.kind === 'api',
      }),
      csp: DOCS_CSP,
    }),
  },
];

/** Finds a file that a page loads. */
export async function findAsset(path: string, acceptEncoding: string | undefined): Promise<PageAsset | undefined> {
  const asset = assets.get(path);
  return asset ? { body: asset.file, type: asset.type } : await findDocsAsset(path, acceptEncoding);
}
