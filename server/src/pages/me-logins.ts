import { buttonForm } from './form.ts';
import { type Html, html } from './html.ts';
import { time } from './time.ts';

/** A browser or program that is signed in as somebody. */
export interface Login {
  readonly id: string;
  readonly kind: 'browser' | 'token';
  /** Such as "Firefox on Linux". */
  readonly device: string;
  /** The network address of its last use. */
  readonly address: string;
  /** RFC 3339. */
  readonly since: string;
  readonly lastSeen: string;
  /** The one this page is shown to. */
  readonly current: boolean;
}

interface LoginList {
  readonly logins: readonly Login[];
  readonly csrf: string;
  /** Paths that are posted to: one login (field `id`), all of them. */
  readonly end: string;
  readonly everywhere: string;
}

/** Builds the list of logins, each with the button that ends it, and the one that ends all. */
export function loginList({ logins, csrf, end, everywhere }: LoginList): Html {
  const rows = logins.map(
    ({ id, kind, device, address, since, lastSeen, current }) => html`<li class="row item"><div class="row-text">
<p><strong><bdi>${device}</bdi></strong> ${current && html`<span class="tag ok">This one</span>`}${kind === 'token' && html`<span class="tag">API</span>`}</p>
<p class="hint places"><span>${address}</span> <span>since ${time(since)}</span> <span>last seen ${time(lastSeen)}</span></p></div>
${buttonForm({ action: end, csrf, submit: current ? 'Sign out' : 'End', of: device, hidden: { id } })}</li>`,
  );
  return html`<ul class="panel list">${rows}
<li class="row item"><p class="row-text hint">Signs out this browser as well.</p>
${buttonForm({ action: everywhere, csrf, submit: 'Sign out everywhere', tone: 'danger' })}</li></ul>`;
}
