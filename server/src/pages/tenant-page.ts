import type { Role } from '@businessos/contract';
import { breakable } from './breakable.ts';
import { buttonForm, type Post } from './form.ts';
import { html } from './html.ts';
import { type Frame, page } from './layout.ts';
import type { Business } from './mark.ts';
import { card, codeBlock, facts, heading, type Link, linkButton, links } from './panel.ts';
import { roleTexts } from './role-and-plan.ts';

/** Whose address it is, and who looks at it. */
export interface TenantPageProps extends Frame {
  readonly business: Business;
  /** Who is signed in here; undefined for everybody else, who learns nothing but the name. */
  readonly signedIn?:
    | {
        readonly name: string;
        readonly email: string;
        readonly role: Role;
        readonly signOut: Post;
        readonly chooseHref: string;
        readonly meHref: string;
        /** A command that reads something through the API. */
        readonly curl: string;
        readonly docs: Link;
      }
    | undefined;
  readonly signInHref: string;
  /** This browser was signed in here, and is not any more. */
  readonly ended?: boolean;
}

/** What stands at the address of a business: who is signed in there, or the way to sign in. */
export function tenantPage({ business, signedIn, signInHref, ended = false, ...rest }: TenantPageProps): string {
  if (!signedIn) {
    return page({
      ...rest,
      business,
      title: business.name,
      body: card(
        heading(
          html`<bdi>${business.name}</bdi>`,
          ended
            ? 'You are no longer signed in here: it was too long ago, or has been ended.'
            : 'This is its address on BusinessOS. Its people sign in here.',
        ),
        linkButton({ href: signInHref, text: 'Sign in' }),
      ),
    });
  }
  const { name, email, role, signOut, chooseHref, meHref, curl, docs } = signedIn;
  return page({
    ...rest,
    business,
    title: `Signed in to ${business.name}`,
    body: card(
      heading(html`Signed in to <bdi>${business.name}</bdi>`),
      facts([
        ['Name', html`<bdi>${name}</bdi>`],
        ['E-mail', breakable(email)],
        ['Role', html`${roleTexts[role].name}<span class="under">${roleTexts[role].may}</span>`],
      ]),
      html`<div class="sample"><div class="sample-head"><h2 class="minor">From the terminal</h2><a href="${docs.href}">${docs.text}</a></div>${codeBlock(curl)}</div>`,
      buttonForm({ ...signOut, submit: 'Sign out' }),
      links({ href: chooseHref, text: 'Switch business' }, { href: meHref, text: 'Sign-in and security' }),
    ),
  });
}
