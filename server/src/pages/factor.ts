import { oneTimeCode } from './fields.ts';
import { type FormState, form } from './form.ts';
import { html } from './html.ts';
import { type Frame, page } from './layout.ts';
import type { Business } from './mark.ts';
import { card, heading, links } from './panel.ts';

/** Who is asked, and on the way to where. One form has the field `code`, the other `recovery_code`. */
export interface FactorProps extends Frame, FormState {
  /** The business that somebody is on the way to, if any. */
  readonly business?: Business | undefined;
  /** Where to begin again as somebody else. */
  readonly signInHref: string;
}

/**
 * Asks for the second factor: a one-time code (field `code`) or, folded in, a recovery code (field `recovery_code`).
 * Both forms are posted to the same path.
 */
export function factorPage({ business, signInHref, ...rest }: FactorProps): string {
  const problems = rest.problems ?? [];
  const ofRecovery = problems.some(({ field }) => field === 'recovery_code');
  const title = 'One more step';
  return page({
    ...rest,
    title,
    business,
    refused: problems.length > 0,
    body: card(
      heading(title, 'Your sign-in is protected by a second factor.'),
      form({ ...rest, problems: ofRecovery ? [] : problems, controls: [oneTimeCode(!ofRecovery)], submit: 'Confirm' }),
      html`<details class="fold"${ofRecovery && html` open`}><summary class="fold-name">Use a recovery code instead</summary>
<div class="fold-body">${form({
        ...rest,
        problems: ofRecovery ? problems : [],
        tone: 'plain',
        controls: [
          {
            kind: 'line',
            name: 'recovery_code',
            label: 'Recovery code',
            autocomplete: 'off',
            literal: true,
            hint: 'One of those you kept when you set it up. Each works once.',
          },
        ],
        submit: 'Use recovery code',
      })}</div></details>`,
      links({ href: signInHref, text: 'Sign in as somebody else' }),
    ),
  });
}
