import { html } from './html.ts';
import { badge } from './icon.ts';
import { type Frame, page } from './layout.ts';
import { card, heading, key, linkButton, links } from './panel.ts';

/** What was asked for, and with which address. */
export interface MailedProps extends Frame {
  readonly about: 'signup' | 'reset';
  /** The address as it was typed. */
  readonly email: string;
  /** Where the form is, for another try. */
  readonly againHref: string;
  /** The page that shows the mails of an installation that sends none. */
  readonly outboxHref?: string | undefined;
}

/** Asks to look at one's mail. The same for every address: whether somebody signs in with it is not to be learned. */
export function mailedPage({ about, email, againHref, outboxHref, ...rest }: MailedProps): string {
  const to = html`${key(email)}`;
  const lede =
    about === 'signup'
      ? html`We have sent a link to ${to}. Open it to create your business.`
      : html`If somebody signs in with ${to}, a link to choose a new password is on its way there.`;
  return page({
    ...rest,
    title: 'Check your mail',
    body: card(
      heading('Check your mail', lede, badge('mail', 'accent')),
      outboxHref !== undefined &&
        html`<p class="note">This installation sends no mail yet: what it would send is in its outbox.</p>${linkButton({ href: outboxHref, text: 'Open the outbox' })}`,
      outboxHref === undefined && html`<p class="note">It can take a minute. Look into the spam folder too.</p>`,
      links({ href: againHref, text: 'Use another address' }),
    ),
  });
}
