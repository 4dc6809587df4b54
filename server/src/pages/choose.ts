import { breakable } from './breakable.ts';
import { buttonForm, type Post } from './form.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import { type Frame, page } from './layout.ts';
import { type Business, mark } from './mark.ts';
import { card, heading, key, linkButton, links } from './panel.ts';

/** Whose businesses are shown, and where each leads. */
export interface ChooseProps extends Frame {
  /** Those of this person, in the order to be shown; `address` is host and port. */
  readonly businesses: readonly (Business & {
    readonly href: string;
    readonly address: string;
    readonly suspended?: boolean;
  })[];
  /** A business that this person wanted to enter and is not in. */
  readonly outside?: Business | undefined;
  readonly email: string;
  readonly meHref: string;
  readonly signUpHref: string;
  readonly signOut: Post;
}

/** Lists the businesses of the person who is signed in. A suspended one is shown, with the reason it does not open. */
export function choosePage({ businesses, outside, email, meHref, signUpHref, signOut, ...rest }: ChooseProps): string {
  const none = businesses.length === 0;
  const title = none ? 'No business yet' : 'Choose a business';
  const rows = businesses.map((one) => {
    const content = html`${mark(one, 'large')}<span class="names"><strong><bdi>${one.name}</bdi></strong><span class="under">${one.suspended ? 'Suspended. Ask the operator of this service.' : breakable(one.address)}</span></span>`;
    return html`<li class="choice">${one.suspended ? html`<a class="go" role="link" aria-disabled="true">${content}</a>` : html`<a class="go" href="${one.href}">${content}${icon('next')}</a>`}</li>`;
  });
  return page({
    ...rest,
    title,
    body: html`${card(
      heading(
        title,
        none
          ? html`Nobody has taken ${key(email)} into a business, or you have left it. Ask for an invitation, or create one of your own.`
          : html`Signed in as ${key(email)}.`,
      ),
      outside &&
        html`<div class="alert" role="alert">${icon('alert')}<p>You are not in <bdi>${outside.name}</bdi>. Ask one of its owners or admins for an invitation, or sign out and sign in as somebody else.</p></div>`,
      none ? linkButton({ href: signUpHref, text: 'Create a business' }) : html`<ul class="choices">${rows}</ul>`,
      links({ href: meHref, text: 'Sign-in and security' }, !none && { href: signUpHref, text: 'Create a business' }),
    )}
<div class="after">${buttonForm({ ...signOut, submit: 'Sign out' })}</div>`,
  });
}
