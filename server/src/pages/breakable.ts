import { type Html, html } from './html.ts';

/** Builds an e-mail address or host that breaks, where it must, before a dot or an @. */
export function breakable(text: string): Html {
  return html`${text.split(/(?=[.@])/).map((part, at) => html`${at > 0 && html`<wbr>`}${part}`)}`;
}
