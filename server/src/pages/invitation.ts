import type { Role } from '@businessos/contract';
import { breakable } from './breakable.ts';
import { newPassword, password, personName } from './fields.ts';
import { type FormState, form } from './form.ts';
import { html } from './html.ts';
import { type Frame, page } from './layout.ts';
import type { Business } from './mark.ts';
import { card, facts, heading } from './panel.ts';
import { roleTexts } from './role-and-plan.ts';

/** Who invites whom to what. The form has the fields `name`, unless the person is known, and `password`. */
export interface InvitationProps extends Frame, FormState {
  readonly business: Business;
  readonly role: Role;
  /** Who invites, by name. */
  readonly inviter: string;
  readonly email: string;
  /** Whether this e-mail has a password here already. */
  readonly known: boolean;
  readonly typed?: { readonly name?: string | undefined };
}

/** What the mailed link of an invitation opens. */
export function invitationPage({
  business,
  role,
  inviter,
  email,
  known,
  typed = {},
  ...rest
}: InvitationProps): string {
  const { name, as, may } = roleTexts[role];
  return page({
    ...rest,
    business,
    title: `Join ${business.name}`,
    refused: (rest.problems ?? []).length > 0,
    body: card(
      heading(html`Join <bdi>${business.name}</bdi>`, html`<bdi>${inviter}</bdi> invites you to work here as ${as}.`),
      html`<div class="review">${facts([
        ['Role', html`${name}<span class="under">${may}</span>`],
        ['E-mail', breakable(email)],
      ])}</div>`,
      known && html`<p class="note">You have a password here already. It works for this business too.</p>`,
      form({
        ...rest,
        username: email,
        controls: known
          ? [{ ...password(), focus: true }]
          : [{ ...personName(typed.name), focus: true }, newPassword()],
        submit: 'Join',
      }),
    ),
  });
}
