import { type Html, html } from './html.ts';

const FORMAT = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZone: 'UTC',
});

/** Writes an instant (RFC 3339) so that it means the same to every reader: "12 Mar 2026, 14:05 UTC". */
export function timeText(instant: string): string {
  return `${FORMAT.format(new Date(instant))} UTC`;
}

/** Builds the same for a page. */
export function time(instant: string): Html {
  return html`<time datetime="${instant}">${timeText(instant)}</time>`;
}
