import { createHash } from 'node:crypto';
import { sendPage } from '../gateway/answer.ts';
import type { GatewayOptions } from '../gateway/app.ts';
import type { Platform } from '../start.ts';
import type { DemoTenant } from './demo-tenant.ts';

const STYLE = `
:root{color-scheme:light dark;--bg:light-dark(#fff,#131316);--raise:light-dark(#fff,#1b1b1f);--sunk:light-dark(#f4f4f6,#1a1a1e);--line:light-dark(#e9e9ed,#27272c);--ink:light-dark(#1a1a1f,#ededf0);--ink2:light-dark(#5c5c66,#a6a6b0);--accent:light-dark(#4a4fd8,#a5aaff)}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:450 14px/1.55 Inter,system-ui,sans-serif}
main{max-width:760px;margin:0 auto;padding:48px 16px}
h1{font-size:28px;line-height:1.2;font-weight:600;letter-spacing:-.01em;margin:0 0 8px}
h2{font-size:16px;font-weight:600;margin:0}
p{margin:0 0 16px;color:var(--ink2);max-width:64ch}
.grid{display:grid;gap:12px;margin:24px 0 32px;padding:0;list-style:none}
.card{background:var(--raise);border:1px solid var(--line);border-radius:12px;padding:16px;min-width:0}
.head{display:flex;align-items:center;gap:12px;margin-bottom:8px}
.mark{flex:none;width:32px;height:32px;border-radius:8px;color:#fff;font-weight:600;display:grid;place-items:center}
.h0{background:#4a4fd8}.h1{background:#0f766e}.h2{background:#b4451f}
.plan{color:var(--ink2);font-size:13px}
a{color:var(--accent);overflow-wrap:anywhere}
a:focus-visible,pre:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
pre{background:var(--sunk);border-radius:8px;padding:12px;margin:12px 0 0;overflow-x:auto;font:13px/1.5 ui-monospace,monospace}
dl{display:grid;grid-template-columns:auto minmax(0,1fr);gap:8px 24px;margin:0}
dt{color:var(--ink2)}dd{margin:0;overflow-wrap:anywhere}
`;
const CSP = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/**
 * The demo's pages: what `npm start` prints, without tokens, on http://localhost, and a sign at each business's own
 * address. Never part of a production server.
 */
export function demoPage(
  platform: Platform,
  tenants: readonly DemoTenant[],
  port: number,
): NonNullable<GatewayOptions['page']> {
  return async (host, path, response, requestId) => {
    if (path !== '/') return false;
    const base = `${platform.config.baseDomain}:${port}`;
    if (host.kind === 'local' || host.kind === 'base') {
      sendPage(response, requestId, startPage(platform, tenants, base, port), CSP);
      return true;
    }
    const tenant = host.kind === 'tenant' && tenants.find(({ slug }) => slug === host.slug);
    if (!tenant) return false;
    sendPage(response, requestId, signPage(tenant, base, port), CSP);
    return true;
  };
}

function startPage({ config, database }: Platform, tenants: readonly DemoTenant[], base: string, port: number): string {
  const cards = tenants.map(
    (
      tenant,
      at,
    ) => `<li class="card">${head(tenant, at)}<a href="http://${tenant.slug}.${base}/">${tenant.slug}.${base}</a>
<pre tabindex="0">${safe(curl(tenant.slug, base))}</pre></li>`,
  );
  const facts: [string, string][] = [
    ['API description', `<a href="http://localhost:${port}/openapi.json">/openapi.json</a>`],
    ['Data', safe(`${config.dataDir}${database.embedded ? ` · PostgreSQL on port ${database.embedded.port}` : ''}`)],
    ['Stop', 'Ctrl-C in the terminal'],
    ['Start afresh', `stop, then <code>rm -rf ${safe(config.dataDir)}</code>`],
  ];
  return html(
    'BusinessOS',
    `<h1>BusinessOS is running</h1>
<p>${tenants.length === 0 ? 'The database was not empty, so no demo was seeded.' : 'Three businesses share one PostgreSQL, one schema and, between the first two, even the same ids. Each sees its own rows only, because PostgreSQL itself verifies on whose behalf every statement runs.'}</p>
<ul class="grid">${cards.join('')}</ul>
<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join('')}</dl>`,
  );
}

function signPage(tenant: DemoTenant, base: string, port: number): string {
  return html(
    tenant.name,
    `<div class="head"><h1>${safe(tenant.name)}</h1></div>
<p>This is the address of ${safe(tenant.name)}. Its data is behind the API and needs a token of one of its people:</p>
<pre tabindex="0">${safe(curl(tenant.slug, base))}</pre>
<p></p><p><a href="http://localhost:${port}/">All businesses of this demo</a></p>`,
  );
}

function head({ name, plan }: DemoTenant, at: number): string {
  return `<div class="head"><span class="mark h${at % 3}" aria-hidden="true">${safe(name.slice(0, 1))}</span><div><h2>${safe(name)}</h2><span class="plan">${plan}</span></div></div>`;
}

function curl(slug: string, base: string): string {
  return `curl -H "Authorization: Bearer $(./bos token --tenant ${slug})" \\\n  "http://${slug}.${base}/v1/contacts?limit=3&sort=name"`;
}

function html(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${safe(title)}</title><style>${STYLE}</style></head><body><main>${body}</main></body></html>`;
}

function safe(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
