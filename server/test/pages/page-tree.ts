/** An element of a page. */
export interface Element {
  readonly tag: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly (Element | string)[];
}

const VOID = new Set(['br', 'hr', 'img', 'input', 'link', 'meta', 'wbr']);
const TOKEN = /<!doctype html>|<(\/?)([a-z][a-z0-9]*)((?: [a-zA-Z-]+(?:="[^"<>]*")?)*)(\/?)>|[^<>]+/gy;

/**
 * Reads a page as strictly as nobody else does: lower-case tags, values in double quotes, every element closed, no
 * `<`, `>` or `&` that is not written as a reference. @throws Error at the first place that is not so.
 */
export function readPage(text: string): Element {
  const root = { tag: '', attributes: new Map<string, string>(), children: [] as (Element | string)[] };
  const open = [root];
  let at = 0;
  for (const token of text.matchAll(TOKEN)) {
    const [all, closing, tag, attributes = '', ownEnd] = token;
    at = token.index + all.length;
    const parent = open.at(-1) ?? root;
    if (tag === undefined) {
      if (!all.startsWith('<')) parent.children.push(decode(all));
    } else if (closing) {
      if (parent.tag !== tag) throw new Error(`</${tag}> closes <${parent.tag}>`);
      open.pop();
    } else {
      const element = { tag, attributes: readAttributes(attributes), children: [] };
      parent.children.push(element);
      if (!VOID.has(tag) && !ownEnd) open.push(element);
    }
  }
  if (at !== text.length) throw new Error(`not well-formed from: ${text.slice(at, at + 80)}`);
  if (open.length !== 1) throw new Error(`<${open.at(-1)?.tag}> is not closed`);
  return root;
}

/** All elements below one, in the order of the page. */
export function elements({ children }: Element): Element[] {
  return children.flatMap((child) => (typeof child === 'string' ? [] : [child, ...elements(child)]));
}

/** The text of an element, without that of attributes. */
export function textOf({ children }: Element): string {
  return children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('');
}

function readAttributes(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(/ ([a-zA-Z-]+)(?:="([^"]*)")?/g)) {
    if (found.has(name)) throw new Error(`${name} is there twice`);
    found.set(name, decode(value));
  }
  return found;
}

function decode(text: string): string {
  return text.replace(/&(#(\d+);)?/g, (_, reference: string | undefined, code: string) => {
    if (reference === undefined) throw new Error(`a bare & in: ${text.slice(0, 80)}`);
    return String.fromCharCode(Number(code));
  });
}
