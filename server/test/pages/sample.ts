/** A page with sample props: what each test of pages goes through. */
export interface Sample {
  readonly name: string;
  /** Writes the page, each text of its props changed by `change` first. */
  render(change?: (text: string) => string): string;
}

/** Texts that choose among words or are instants; no page shows them as they are. */
const FIXED = new Set(['role', 'plan', 'kind', 'about', 'form', 'field', 'at', 'since', 'lastSeen']);

/** Makes a sample of a page's function and the props it is called with. */
export function sample<P extends object>(name: string, page: (props: P) => string, props: P): Sample {
  return { name, render: (change = (text) => text) => page(changed(props, change) as P) };
}

function changed(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => changed(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      FIXED.has(key) && typeof one === 'string' ? one : changed(one, change),
    ]),
  );
}
