import { oneTimeCode, password } from './fields.ts';
import { buttonForm, type FormState, form, type Post } from './form.ts';
import { html } from './html.ts';
import { badge } from './icon.ts';
import { type Frame, page } from './layout.ts';
import { card, copyable, heading, links } from './panel.ts';

/** A factor to be. The form has the field `code`. */
export interface FactorSetupProps extends Frame, FormState {
  /** An SVG document of the otpauth URL as QR code, dark on light. It is shown as an image, so it runs nothing. */
  readonly qrSvg: string;
  /** The secret in base32 (RFC 4648), without spaces. */
  readonly secret: string;
  /** The business that demands a second factor, when that is why somebody is here. */
  readonly demandedBy?: string | undefined;
  /** Where to go without one; absent when it is demanded. */
  readonly cancelHref?: string | undefined;
}

/** Shows the secret of a new second factor and asks for the first code. */
export function factorSetupPage({ qrSvg, secret, demandedBy, cancelHref, ...rest }: FactorSetupProps): string {
  const title = 'Set up a second factor';
  const lede =
    demandedBy === undefined
      ? 'Scan this with an authenticator app. From then on, signing in also asks for a code that only your phone knows.'
      : html`<bdi>${demandedBy}</bdi> asks its people for a second factor. Scan this with an authenticator app.`;
  return page({
    ...rest,
    title,
    refused: (rest.problems ?? []).length > 0,
    body: card(
      heading(title, lede),
      html`<img class="qr" src="data:image/svg+xml;base64,${Buffer.from(qrSvg).toString('base64')}" width="176" height="176" alt="QR code with the secret that is written below">`,
      html`<p class="secret">Or type it in: ${copyable((secret.match(/.{1,4}/gu) ?? []).join(' '))}</p>`,
      form({ ...rest, controls: [oneTimeCode(false)], submit: 'Confirm' }),
      links(cancelHref !== undefined && { href: cancelHref, text: 'Not now' }),
    ),
  });
}

/** The codes in clear; they are in no other place. */
export interface RecoveryCodesProps extends Frame, Post {
  readonly codes: readonly string[];
}

/** Shows the recovery codes, this once; they can also be saved as a text file, without a script. */
export function recoveryCodesPage({ codes, action, csrf, ...rest }: RecoveryCodesProps): string {
  const title = 'Keep your recovery codes';
  const text = `Recovery codes for BusinessOS, ${rest.address}. Each works once.\n\n${codes.join('\n')}\n`;
  return page({
    ...rest,
    title,
    body: card(
      heading(
        title,
        'If your phone is lost, each of these lets you in once. They are shown only now: print them or keep them in a password manager.',
        badge('key', 'accent'),
      ),
      html`<ul class="codes">${codes.map((code) => html`<li>${copyable(code)}</li>`)}</ul>`,
      html`<p class="links"><a href="data:text/plain;charset=utf-8;base64,${Buffer.from(text).toString('base64')}" download="recovery-codes.txt">Save as a text file</a></p>`,
      buttonForm({ action, csrf, submit: 'I have kept them', tone: 'primary' }),
    ),
  });
}

/** Whose factor goes. The form has the fields `password` and `code`. */
export interface FactorRemovalProps extends Frame, FormState {
  readonly email: string;
  readonly cancelHref: string;
}

/** Asks once more before the second factor goes: password (field `password`) and a code (field `code`), of either kind. */
export function factorRemovalPage({ email, cancelHref, ...rest }: FactorRemovalProps): string {
  const title = 'Remove the second factor?';
  return page({
    ...rest,
    title,
    refused: (rest.problems ?? []).length > 0,
    body: card(
      heading(
        title,
        'Signing in will then ask for your password alone, and your recovery codes end. A business that demands a second factor will not let you in.',
        badge('alert', 'warn'),
      ),
      form({
        ...rest,
        username: email,
        controls: [
          password(),
          {
            kind: 'line',
            name: 'code',
            label: 'One-time code',
            autocomplete: 'one-time-code',
            literal: true,
            hint: 'Of your app, or a recovery code.',
          },
        ],
        submit: 'Remove',
        tone: 'danger',
      }),
      links({ href: cancelHref, text: 'Keep it' }),
    ),
  });
}
