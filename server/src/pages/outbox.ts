import { html } from './html.ts';
import { badge } from './icon.ts';
import { type Frame, page } from './layout.ts';
import type { MailKind } from './mail-texts.ts';
import { card, heading, key, type Link, links } from './panel.ts';
import { time } from './time.ts';

/** A mail as the outbox keeps it. */
export interface OutboxMail {
  readonly kind: MailKind;
  readonly to: string;
  readonly subject: string;
  /** RFC 3339. */
  readonly at: string;
  readonly text: string;
  /** What the mail leads to; a notice leads nowhere. */
  readonly href?: string | undefined;
}

/** What is in the outbox. */
export interface OutboxProps extends Frame {
  /** Newest first. */
  readonly mails: readonly OutboxMail[];
  readonly start?: Link | undefined;
}

const KINDS: Readonly<Record<MailKind, string>> = {
  signup: 'Sign-up',
  signup_known: 'Sign-up',
  reset: 'Reset',
  invitation: 'Invitation',
  email: 'New address',
  email_changed: 'Notice',
};

/** Shows what an installation without `SMTP_URL` would have mailed. Never part of a production server. */
export function outboxPage({ mails, start, ...rest }: OutboxProps): string {
  const title = 'Outbox';
  if (mails.length === 0) {
    const text = 'No mail has been written yet. Sign-up, reset and invitations write one, and it appears here.';
    return page({ ...rest, title, body: card(heading(title, text, badge('mail', 'accent')), links(start)) });
  }
  const rows = mails.map(
    (mail) => html`<li class="mail item">
<div class="mail-head"><span class="tag">${KINDS[mail.kind]}</span><span class="when">${time(mail.at)}</span></div>
<p>${key(mail.to)}</p>
<p><bdi>${mail.subject}</bdi></p>
${mail.href !== undefined && html`<p class="whole"><a href="${mail.href}">${mail.href}</a></p>`}
<details class="fold"><summary class="fold-name">Show the text<span class="unseen"> of the mail to ${mail.to}: ${mail.subject}</span></summary><pre class="code letter fold-body">${mail.text}</pre></details>
</li>`,
  );
  return page({
    ...rest,
    title,
    width: 'form',
    body: html`${heading(title, 'This installation sends no mail, because SMTP_URL is not set. What it would send stands here, newest first.')}
<ul class="panel list">${rows}</ul>
${links(start)}`,
  });
}
