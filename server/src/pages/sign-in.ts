import { password, userEmail } from './fields.ts';
import { type FormState, form } from './form.ts';
import { html } from './html.ts';
import { type Frame, page } from './layout.ts';
import type { Business } from './mark.ts';
import { card, heading, linkButton, links } from './panel.ts';

/** Who is asked, and on the way to where. The form has the fields `email` and `password`. */
export interface SignInProps extends Frame, FormState {
  /** The business that somebody is on the way to, if any. */
  readonly business?: Business | undefined;
  /** Somebody is signed in, but too long ago for what comes next, or without the second factor that it needs. */
  readonly again?: boolean;
  readonly typed?: { readonly email?: string | undefined };
  readonly resetHref: string;
  readonly signUpHref: string;
}

/** The sign-in form, the only place where a password is asked outside of links and one's own settings. */
export function signInPage({
  business,
  again = false,
  typed = {},
  resetHref,
  signUpHref,
  ...rest
}: SignInProps): string {
  const known = typed.email !== undefined && typed.email !== '';
  const lede = again ? 'Once more, please: the next step needs to be sure that it is you.' : undefined;
  return page({
    ...rest,
    title: business ? `Sign in to ${business.name}` : 'Sign in',
    business,
    refused: (rest.problems ?? []).length > 0,
    body: card(
      heading(business ? html`Sign in to <bdi>${business.name}</bdi>` : 'Sign in', lede),
      form({
        ...rest,
        controls: [userEmail(typed.email, !known), { ...password(), focus: known }],
        submit: 'Sign in',
      }),
      links({ href: resetHref, text: 'Forgot password?' }, !again && { href: signUpHref, text: 'Create a business' }),
    ),
  });
}

/** Where somebody has signed out. */
export interface SignedOutProps extends Frame {
  /** The business at whose address this is, if any. */
  readonly business?: Business | undefined;
  readonly signInHref: string;
  /** All browsers and devices, not this browser alone. */
  readonly everywhere?: boolean;
  /** Where this browser may still be signed in, when it was not at this address. */
  readonly elsewhereHref?: string | undefined;
}

/** What is shown after signing out, at the host where the button was. */
export function signedOutPage({ signInHref, everywhere = false, elsewhereHref, ...rest }: SignedOutProps): string {
  const lede = everywhere
    ? 'Every browser and every program that was signed in as you is signed out.'
    : elsewhereHref === undefined
      ? 'This browser is signed out of every business.'
      : 'This browser was not signed in here any more. It may still be in other businesses.';
  return page({
    ...rest,
    title: 'You are signed out',
    body: card(
      heading('You are signed out', lede),
      linkButton({ href: signInHref, text: 'Sign in again' }),
      links(elsewhereHref !== undefined && { href: elsewhereHref, text: 'See where, and sign out' }),
    ),
  });
}
