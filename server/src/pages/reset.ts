import { email, newPassword } from './fields.ts';
import { type FormState, form } from './form.ts';
import { html } from './html.ts';
import { type Frame, page } from './layout.ts';
import { card, heading, key, links } from './panel.ts';

/** What was typed before, if anything. The form has the field `email`. */
export interface ResetRequestProps extends Frame, FormState {
  readonly typed?: { readonly email?: string | undefined };
  readonly signInHref: string;
}

/** Asks where to mail the link for a new password. */
export function resetRequestPage({ typed = {}, signInHref, ...rest }: ResetRequestProps): string {
  return page({
    ...rest,
    title: 'Forgot your password?',
    refused: (rest.problems ?? []).length > 0,
    body: card(
      heading('Forgot your password?', 'We mail you a link with which you choose a new one.'),
      form({
        ...rest,
        controls: [{ ...email('E-mail', typed.email), autocomplete: 'username', focus: true }],
        submit: 'Send link',
      }),
      links({ href: signInHref, text: 'Back to sign-in' }),
    ),
  });
}

/** Whose password is chosen. The form has the field `password`. */
export interface ResetProps extends Frame, FormState {
  readonly email: string;
}

/** What the mailed link of a reset opens. */
export function resetPage({ email: address, ...rest }: ResetProps): string {
  return page({
    ...rest,
    title: 'Choose a new password',
    refused: (rest.problems ?? []).length > 0,
    body: card(
      heading('Choose a new password', html`For ${key(address)}.`),
      form({
        ...rest,
        username: address,
        controls: [{ ...newPassword('New password'), focus: true }],
        note: html`<p class="note">Whoever is signed in as you, in any browser, is then signed out. A second factor stays as it is.</p>`,
        submit: 'Save password',
      }),
    ),
  });
}
