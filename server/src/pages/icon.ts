import { type Html, html } from './html.ts';

const shapes = {
  mail: html`<rect x="2.75" y="4.75" width="18.5" height="14.5" rx="2.5"/><path d="m3.5 7 8.5 6 8.5-6"/>`,
  check: html`<path d="m5 12.5 4.5 4.5L19 7.5"/>`,
  alert: html`<circle cx="12" cy="12" r="9.25"/><path d="M12 7.5v5.5M12 16.4v.1"/>`,
  clock: html`<circle cx="12" cy="12" r="9.25"/><path d="M12 7v5.3l3.3 2"/>`,
  key: html`<circle cx="8" cy="15.5" r="4.25"/><path d="m11.2 12.3 7.6-7.6M15.6 7.9l2.8 2.8"/>`,
  next: html`<path d="m9.5 6 6 6-6 6"/>`,
  pause: html`<circle cx="12" cy="12" r="9.25"/><path d="M9.75 9v6M14.25 9v6"/>`,
};

/** The icons there are. */
export type IconName = keyof typeof shapes;

/** Draws a line icon in the colour of its text; it only repeats what words beside it say. */
export function icon(name: IconName): Html {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${shapes[name]}</svg>`;
}

/** Draws the round sign above a heading: what kind of message this page is. */
export function badge(name: IconName, tone: 'accent' | 'ok' | 'warn' | 'bad'): Html {
  return html`<span class="badge ${tone}">${icon(name)}</span>`;
}
