import { breakable } from './breakable.ts';
import { type Html, html, type Part } from './html.ts';

/** A place to go to. */
export interface Link {
  readonly href: string;
  readonly text: string;
}

/** Builds the one card of a small page. */
export function card(...parts: readonly Part[]): Html {
  return html`<section class="card">${parts}</section>`;
}

/** Builds a page's title with a sentence under it and a sign above it. */
export function heading(title: Part, lede?: Part, sign?: Html): Html {
  return html`<div class="heading">${sign}<h1 class="title">${title}</h1>${lede !== undefined && html`<p class="lede">${lede}</p>`}</div>`;
}

/** Builds a section of a wider page. */
export function section(title: string, about: Part, body: Part): Html {
  return html`<section class="section"><div><h2>${title}</h2>${about !== undefined && html`<p class="about">${about}</p>`}</div>${body}</section>`;
}

/** Builds names with their values, one under the other. */
export function facts(pairs: readonly (readonly [name: string, value: Part] | false)[]): Html {
  const rows = pairs.map(
    (pair) =>
      pair && html`<div class="fact"><dt class="fact-name">${pair[0]}</dt><dd class="fact-value">${pair[1]}</dd></div>`,
  );
  return html`<dl class="facts">${rows}</dl>`;
}

/** Builds a value in running text that must be seen whole, such as an e-mail address. */
export function key(text: string): Html {
  return html`<strong class="key">${breakable(text)}</strong>`;
}

/** Builds a link that looks like a button. */
export function linkButton({ href, text }: Link, tone: 'primary' | 'plain' = 'primary'): Html {
  return html`<a class="button ${tone}" href="${href}">${text}</a>`;
}

/** Builds the quiet links at the end of a card; nothing where there is none. */
export function links(...all: readonly (Link | false | undefined)[]): Html | false {
  const shown = all.filter((one) => one !== false && one !== undefined);
  if (shown.length === 0) return false;
  return html`<p class="links">${shown.map(({ href, text }) => html`<a href="${href}">${text}</a>`)}</p>`;
}

/** Builds a short text to be copied: one click selects all of it. */
export function copyable(text: string): Html {
  return html`<code class="copy">${text}</code>`;
}

/** Builds a longer one on its own lines. */
export function codeBlock(text: string): Html {
  return html`<pre class="code">${text}</pre>`;
}
