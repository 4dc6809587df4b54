import { html, type Part } from './html.ts';
import { badge, type IconName } from './icon.ts';
import { type Frame, page } from './layout.ts';
import type { Business } from './mark.ts';
import { card, copyable, facts, heading, type Link, linkButton, links } from './panel.ts';

interface Notice extends Frame {
  readonly business?: Business | undefined;
  readonly title: string;
  readonly sign: readonly [IconName, 'accent' | 'ok' | 'warn' | 'bad'];
  readonly text: Part;
  readonly more?: Part;
  readonly next?: Link | undefined;
  readonly also?: Link | undefined;
}

function notice({ title, sign, text, more, next, also, ...rest }: Notice): string {
  return page({
    ...rest,
    title,
    body: card(heading(title, text, badge(...sign)), more, next && linkButton(next), links(also)),
  });
}

/** Which business is suspended. */
export interface SuspendedProps extends Frame {
  readonly business: Business;
  /** The person's other businesses. */
  readonly chooseHref: string;
}

/** What the people of a suspended business see, and nobody else. */
export function suspendedPage({ business, chooseHref, ...rest }: SuspendedProps): string {
  return notice({
    ...rest,
    business,
    title: 'This business is suspended',
    sign: ['pause', 'warn'],
    text: html`Nobody can work in <bdi>${business.name}</bdi> at present. Its data is kept as it is. Ask the operator of this service what to do.`,
    also: { href: chooseHref, text: 'Your businesses' },
  });
}

/** Which kind of link it was. */
export interface LinkEndedProps extends Frame {
  readonly about: 'signup' | 'reset' | 'invitation' | 'email';
  /** Where to get another one; an invitation comes from people. */
  readonly againHref?: string | undefined;
  readonly signInHref: string;
}

const ENDED = {
  signup: [
    'If you have created your business with it, sign in. Otherwise start again; it takes a minute.',
    'Start again',
  ],
  reset: ['If you have chosen a new password with it, sign in. Otherwise have another one sent.', 'Send another link'],
  invitation: [
    'If you have joined with it, sign in. Otherwise ask the person who invited you for another one.',
    undefined,
  ],
  email: [
    'If you have confirmed your new address with it, sign in. Otherwise change the address once more.',
    undefined,
  ],
} as const;

/** What a mailed link opens when it was used, has ended or never was (410); which of these, it does not tell. */
export function linkEndedPage({ about, againHref, signInHref, ...rest }: LinkEndedProps): string {
  const [text, again] = ENDED[about];
  const signIn = { href: signInHref, text: 'Sign in' };
  const next = again !== undefined && againHref !== undefined ? { href: againHref, text: again } : undefined;
  return notice({
    ...rest,
    title: 'This link no longer works',
    sign: ['clock', 'warn'],
    text: html`Each link works once and for a limited time. ${text}`,
    next: next ?? signIn,
    also: next && signIn,
  });
}

/** A problem as the API would answer it, for people. */
export interface ProblemProps extends Frame {
  readonly business?: Business | undefined;
  readonly status: number;
  /** Title and advice as in the contract's table of problems. */
  readonly title: string;
  readonly advice: string;
  readonly requestId: string;
  readonly next?: Link | undefined;
}

/** Any other refusal or fault, for people instead of programs. */
export function problemPage({ status, advice, requestId, ...rest }: ProblemProps): string {
  return notice({
    ...rest,
    sign: ['alert', status >= 500 ? 'bad' : 'warn'],
    text: advice,
    more: facts([
      ['Status', String(status)],
      ['Request', copyable(requestId)],
    ]),
  });
}

/** What is done; `failed` where it was not, so that the page shows no tick. */
export interface DoneProps extends Frame {
  readonly business?: Business | undefined;
  readonly failed?: boolean;
  readonly title: string;
  readonly text: string;
  readonly next?: Link | undefined;
}

/** Says that something is done, such as a reset, and where to go from here. */
export function donePage({ failed = false, ...props }: DoneProps): string {
  return notice({ ...props, sign: failed ? ['clock', 'warn'] : ['check', 'ok'] });
}

/** Where the way leads. */
export interface MomentProps extends Frame {
  readonly business?: Business | undefined;
  /** Where the server's `Refresh` header leads as well. */
  readonly href: string;
}

/** Stands for a moment between a form and another host, to which no form may lead (CSP `form-action`). */
export function momentPage({ business, href, ...rest }: MomentProps): string {
  const title = 'One moment';
  return page({
    ...rest,
    business,
    title,
    body: card(
      heading(title, business ? html`You are on your way to <bdi>${business.name}</bdi>.` : 'You are on your way.'),
      linkButton({ href, text: 'Continue' }),
    ),
  });
}
