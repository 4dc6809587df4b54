import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { assetPath } from '../pages/assets.ts';
import { html } from '../pages/html.ts';

/**
 * The Content-Security-Policy of the page: nothing is loaded from, or sent to, another origin. Scalar needs inline style
 * (its editor makes rules as it goes) and the Trusted Types policy of Vue; `default` is ours, for two constant icons.
 */
export const DOCS_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'; trusted-types vue default";

/** What the page is told. */
export interface Docs {
  /** The heading and the browser's tab. */
  title: string;
  /** The path of the OpenAPI document on this host. */
  document: string;
  /** Whether this host serves what the document's own `servers` names; then requests go to its origin. */
  here: boolean;
}

/**
 * A file of the page; the others that it loads are in pages/assets.ts. Its path names its content, so it may be kept for
 * ever: `immutable`, a year, with `Vary: Accept-Encoding`.
 */
export interface DocsAsset {
  type: string;
  /** The value of its Content-Encoding; absent where the bytes are plain. */
  encoding?: 'br';
  body: Buffer;
}

interface Kept {
  path: string;
  type: string;
  body: Buffer;
  compressed: boolean;
}

const scalar = read('scalar.js.br', 'text/javascript; charset=utf-8');
const start = read('docs.js', 'text/javascript; charset=utf-8');
const style = read('docs.css', 'text/css; charset=utf-8');
const byPath = new Map([scalar, start, style].map((file) => [file.path, file]));

const inflate = promisify(brotliDecompress);
/** One copy for all clients that take no brotli, however slowly they read it. */
let plainScalar: Promise<Buffer> | undefined;

/** Writes the page of the API: what it shows comes from the document, in the browser. */
export function docsPage({ title, document, here }: Docs): string {
  const text = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="${assetPath('favicon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${assetPath('tokens.css')}">
<link rel="stylesheet" href="${style.path}">
<script src="${start.path}" defer></script>
<script src="${scalar.path}" defer></script>
</head>
<body>
<div id="api" data-url="${document}"${here && html` data-here`}>
<main class="wait">
<h1>${title}</h1>
<p role="status">Loading…</p>
<noscript><p>This page needs JavaScript.</p></noscript>
<p>The same as a file: <a href="${document}">${document}</a> (OpenAPI 3.1).</p>
</main>
</div>
</body>
</html>
`;
  return text.toString();
}

/** Finds a file of the page for a client that sent this Accept-Encoding; undefined where the path is none of them. */
export async function findDocsAsset(path: string, acceptEncoding: string | undefined): Promise<DocsAsset | undefined> {
  const file = byPath.get(path);
  if (!file) return undefined;
  const { type, body, compressed } = file;
  if (!compressed) return { type, body };
  if (takesBrotli(acceptEncoding)) return { type, encoding: 'br', body };
  plainScalar ??= inflate(body);
  return { type, body: await plainScalar };
}

/** Named, and not with the weight 0 (RFC 9110, 12.5.3). */
function takesBrotli(acceptEncoding = ''): boolean {
  return /(?:^|,)\s*br\s*(?:;\s*q=(?:1(?:\.0{0,3})?|0\.(?!0{1,3}(?!\d))\d{1,3})\s*)?(?:,|$)/i.test(acceptEncoding);
}

/** Reads a file of server/assets. One that ends in .br stays compressed until a client needs it plain. */
function read(name: string, type: string): Kept {
  const bytes = readFileSync(join(import.meta.dirname, '../../assets', name));
  const body = name.endsWith('.css')
    ? Buffer.from(bytes.toString().replace('url("inter-latin.woff2")', `url("${assetPath('inter-latin.woff2')}")`))
    : bytes;
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 12);
  const path = `/assets/${name.replace(/\.br$/, '').replace('.', `.${hash}.`)}`;
  return { path, type, body, compressed: name.endsWith('.br') };
}
