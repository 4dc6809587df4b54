import type { PageRoute } from '../gateway/pages.ts';
import { basePage, startPage } from '../pages/start-page.ts';
import type { Platform } from '../start.ts';
import type { DemoTenant } from './demo-tenant.ts';
import { DEMO_PASSWORD } from './seed.ts';

/** The page at the base domain: of the demo what `npm start` prints, without tokens; else the way to sign in and up. */
export function startRoutes(platform: Platform, demo: readonly DemoTenant[] | undefined): PageRoute[] {
  const { config, database, origin } = platform;
  const id = origin('id');
  const hosts = config.production ? (['base'] as const) : (['base', 'local'] as const);
  const handle: PageRoute['handle'] = async ({ host }) => {
    const own = host.kind === 'local' ? `http://localhost:${config.publicPort}` : origin('');
    const frame = { address: new URL(own).host };
    if (demo === undefined) {
      const pattern = new URL(origin('x')).host.replace(/^x/, '{slug}');
      return { html: basePage({ ...frame, pattern, signInHref: `${id}/signin`, signUpHref: `${id}/signup` }) };
    }
    const businesses = demo.map(({ slug, name, plan, people }) => ({
      slug,
      name,
      plan,
      href: origin(slug),
      address: new URL(origin(slug)).host,
      people: people.map(({ name: person, email, role }) => ({ name: person, email, role })),
      curl: curlOf(slug, origin(slug)),
    }));
    return {
      html: startPage({
        ...frame,
        businesses,
        password: DEMO_PASSWORD,
        signUp: { href: `${id}/signup`, text: 'Create a business' },
        outbox: config.smtpUrl === undefined ? { href: `${id}/outbox`, text: 'Outbox' } : undefined,
        docs: { href: `${origin('api')}/docs`, text: 'API description' },
        openapi: { href: `${origin('')}/openapi.json`, text: 'openapi.json' },
        dataDir: config.dataDir,
        resetCommand: `rm -rf ${config.dataDir}`,
        postgresPort: database.embedded?.port,
      }),
    };
  };
  return [{ hosts, method: 'GET', path: '/', handle }];
}

function curlOf(slug: string, origin: string): string {
  return `curl -H "Authorization: Bearer $(./bos token --tenant ${slug})" \\\n  "${origin}/v1/contacts?limit=3&sort=name"`;
}
