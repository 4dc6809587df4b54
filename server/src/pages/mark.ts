import { type Html, html } from './html.ts';

/** A business as every page names it. */
export interface Business {
  readonly slug: string;
  readonly name: string;
}

/** Draws the mark of a business, a coloured square with its initials. Its name must stand beside it as text. */
export function mark(business: Business, size?: 'large'): Html {
  return html`<span class="mark${size && ` ${size}`}" data-hue="${hueOf(business.slug)}" aria-hidden="true">${initialsOf(business)}</span>`;
}

/** Chooses one of the six colours of marks by the slug alone (FNV-1a), so that a business has it everywhere. */
export function hueOf(slug: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(slug)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % 6;
}

/** The first letters of a name's first two words, or the first two of its only one, or of the slug. */
export function initialsOf({ name, slug }: Business): string {
  const [first = slug, second] = name.normalize('NFC').match(/[\p{L}\p{N}]+/gu) ?? [];
  const letters = second === undefined ? [...first].slice(0, 2) : [[...first][0], [...second][0]];
  return [...letters.join('').toUpperCase()].slice(0, 2).join('');
}

/** Draws the product's own mark, for pages that belong to no business. */
export function productMark(): Html {
  return html`<svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><rect x="6" y="6" width="5" height="5" rx="1.2"/><rect x="13" y="6" width="5" height="5" rx="1.2" opacity=".45"/><rect x="6" y="13" width="5" height="5" rx="1.2" opacity=".45"/><rect x="13" y="13" width="5" height="5" rx="1.2" opacity=".45"/></svg>`;
}
