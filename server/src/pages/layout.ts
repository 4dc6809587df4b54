import { assetPath } from './assets.ts';
import { breakable } from './breakable.ts';
import { type Html, html } from './html.ts';
import { type Business, mark, productMark } from './mark.ts';

/** The Content-Security-Policy that every page here keeps: no script, no inline style, forms to the same host only. */
export const PAGE_CSP =
  "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** What every page is told. */
export interface Frame {
  /** Host and port at which the page is served; people compare it with what their browser shows. */
  readonly address: string;
}

interface Page extends Frame {
  /** Names the page; with the business, what the browser's tab shows. */
  readonly title: string;
  /** Whose page this is: its mark stands above; without one, the product's. */
  readonly business?: Business | undefined;
  /** 400, 640 or 960 px. */
  readonly width?: 'card' | 'form' | 'wide';
  /** Says in the title that something typed was refused, since that is what is read out first. */
  readonly refused?: boolean;
  readonly body: Html;
}

/** Writes a whole page, the doctype first. */
export function page({ address, title, business, width = 'card', refused = false, body }: Page): string {
  const names = [title, ...(business && !title.includes(business.name) ? [business.name] : []), 'BusinessOS'];
  const tab = [...new Set(names)].join(' · ');
  const brand = business
    ? html`${mark(business)}<bdi>${business.name}</bdi>`
    : html`${productMark()}<span>BusinessOS</span>`;
  const text = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${refused && 'Error: '}${tab}</title>
<link rel="preload" href="${assetPath('inter-latin.woff2')}" as="font" type="font/woff2" crossorigin>
<link rel="stylesheet" href="${assetPath('tokens.css')}">
<link rel="stylesheet" href="${assetPath('pages.css')}">
<link rel="icon" href="${assetPath('favicon.svg')}" type="image/svg+xml">
</head>
<body class="small" data-width="${width}">
<header class="brand">${brand}</header>
<main class="page">
${body}
</main>
<footer class="foot"><span>${breakable(address)}</span> · <span>BusinessOS</span></footer>
</body>
</html>
`;
  return text.toString();
}
