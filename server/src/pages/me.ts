import type { FieldProblem } from '@businessos/contract';
import { breakable } from './breakable.ts';
import { email, newPassword, password } from './fields.ts';
import { form } from './form.ts';
import { type Html, html } from './html.ts';
import { icon } from './icon.ts';
import { type Frame, page } from './layout.ts';
import { type Login, loginList } from './me-logins.ts';
import { heading, key, linkButton, links, section } from './panel.ts';
import { time } from './time.ts';

/** A person as the page of their own shows them. */
export interface MeProps extends Frame {
  readonly email: string;
  /** An address that a link was mailed to and that is not confirmed yet. */
  readonly pendingEmail?: string | undefined;
  /** When the second factor was set up (RFC 3339) and how many recovery codes are left; undefined without one. */
  readonly factor?: { readonly since: string; readonly codesLeft: number } | undefined;
  /** Newest first, this browser's own among them. */
  readonly logins: readonly Login[];
  readonly csrf: string;
  /** Paths that forms are posted to: fields `email`, `password` · `password`, `new_password` · `id` · none. */
  readonly actions: { readonly [name in 'email' | 'password' | 'endLogin' | 'signOutEverywhere']: string };
  readonly factorSetupHref: string;
  readonly factorRemovalHref: string;
  readonly chooseHref: string;
  /** What was just done, if anything. */
  readonly done?: string | undefined;
  /** What was refused, and in which form. */
  readonly refused?: { readonly form: 'email' | 'password'; readonly problems: readonly FieldProblem[] } | undefined;
  readonly typed?: { readonly email?: string | undefined };
}

/** A person's own e-mail, password, second factor and logins; the same in every business. */
export function mePage({ csrf, actions, logins, factor, refused, typed = {}, ...props }: MeProps): string {
  const title = 'Sign-in and security';
  const problems = (name: 'email' | 'password') => (refused?.form === name ? refused.problems : []);
  const pending =
    props.pendingEmail !== undefined &&
    html`<p class="note">A link is on its way to ${key(props.pendingEmail)}. Until you open it, ${breakable(props.email)} stays.</p>`;
  const emailForm = form({
    id: 'email',
    action: actions.email,
    csrf,
    problems: problems('email'),
    username: props.email,
    controls: [email('New e-mail', typed.email), password('Your password')],
    submit: 'Change e-mail',
    tone: 'plain',
  });
  const passwordForm = form({
    id: 'password',
    action: actions.password,
    csrf,
    problems: problems('password'),
    username: props.email,
    controls: [password('Current password'), newPassword('New password', 'new_password')],
    submit: 'Change password',
    tone: 'plain',
  });
  return page({
    address: props.address,
    title,
    width: 'form',
    refused: refused !== undefined,
    body: html`${heading(title, html`For ${key(props.email)}, in all of your businesses.`)}
${props.done !== undefined && html`<div class="alert ok" role="status">${icon('check')}<p>${props.done}</p></div>`}
${section('E-mail', 'You sign in with it, and links go there.', html`<div class="panel">${pending}${emailForm}</div>`)}
${section('Password', 'Changing it signs you out everywhere else.', html`<div class="panel">${passwordForm}</div>`)}
${section('Second factor', 'A code of your phone beside the password: a stolen password alone opens nothing.', factorPanel(factor, props))}
${section('Where you are signed in', 'End what you do not know, then change your password.', loginList({ logins, csrf, end: actions.endLogin, everywhere: actions.signOutEverywhere }))}
${links({ href: props.chooseHref, text: 'Your businesses' })}`,
  });
}

function factorPanel(
  factor: MeProps['factor'],
  { factorSetupHref, factorRemovalHref }: Pick<MeProps, 'factorSetupHref' | 'factorRemovalHref'>,
): Html {
  if (!factor) {
    return html`<div class="panel row"><p class="row-text"><span class="tag">Off</span></p>${linkButton({ href: factorSetupHref, text: 'Set up' }, 'plain')}</div>`;
  }
  const { codesLeft } = factor;
  const left =
    codesLeft === 1 ? '1 recovery code is left' : `${codesLeft === 0 ? 'No' : codesLeft} recovery codes are left`;
  return html`<div class="panel row"><div class="row-text"><p><span class="tag ok">On</span> <span class="since">since ${time(factor.since)}</span></p><p class="hint">${left}.</p></div>${linkButton({ href: factorRemovalHref, text: 'Remove' }, 'plain')}</div>`;
}
