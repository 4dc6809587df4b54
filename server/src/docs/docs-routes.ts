import type { PageAsset, PageRoute } from '../gateway/pages.ts';
import { assets } from '../pages/assets.ts';
import { DOCS_CSP, docsPage, findDocsAsset } from './docs-page.ts';

/** The page of the API, on every host but that of passwords and that of operators: it runs a script of others. */
export const docsRoutes: readonly PageRoute[] = [
  {
    hosts: ['tenant', 'api', 'base', 'local'],
    method: 'GET',
    path: '/docs',
    handle: async ({ host }) => ({
      html: docsPage({
        title: 'BusinessOS API',
        document: '/openapi.json',
        here: host.kind === 'tenant' || host.kind === 'api',
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
