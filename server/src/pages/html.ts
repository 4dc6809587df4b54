/** Text that is HTML already; only `html` makes it, so no other text reaches a page unescaped. */
class Html {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
}

export type { Html };

/** What may stand in a template: HTML, text to be escaped, lists of both; undefined, null and false leave nothing. */
export type Part = Html | string | number | undefined | null | false | readonly Part[];

/**
 * Builds HTML from a template. Every text in it is escaped for elements and for attributes in double quotes, so an
 * attribute's value must always be quoted; lists join without a separator.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let text = strings[0] ?? '';
  parts.forEach((part, at) => {
    text += render(part) + (strings[at + 1] ?? '');
  });
  return new Html(text);
}

function render(part: Part): string {
  if (part === undefined || part === null || part === false) return '';
  if (part instanceof Html) return part.toString();
  if (typeof part === 'object') return part.map(render).join('');
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
