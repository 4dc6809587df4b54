import { breakable } from './breakable.ts';
import { type FormState, form } from './form.ts';
import { html } from './html.ts';
import { type Frame, page } from './layout.ts';
import { card, facts, heading, key } from './panel.ts';

/** The change that is to be confirmed. The form has no fields. */
export interface EmailConfirmProps extends Frame, FormState {
  readonly from: string;
  readonly to: string;
}

/** What the mailed link of a change of e-mail opens: nothing changes before the button, since scanners follow links. */
export function emailConfirmPage({ from, to, ...rest }: EmailConfirmProps): string {
  const title = 'Confirm your new e-mail';
  return page({
    ...rest,
    title,
    refused: (rest.problems ?? []).length > 0,
    body: card(
      heading(title, 'From then on you sign in with it, and your businesses show it.'),
      html`<div class="review">${facts([
        ['Old', breakable(from)],
        ['New', key(to)],
      ])}</div>`,
      form({ ...rest, controls: [], submit: 'Confirm' }),
    ),
  });
}
