import type { Plan } from '@businessos/contract';
import { breakable } from './breakable.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import { type Frame, page } from './layout.ts';
import { type Business, mark } from './mark.ts';
import { card, codeBlock, copyable, facts, heading, type Link, linkButton, links, section } from './panel.ts';
import { planTexts, roleTexts } from './role-and-plan.ts';

/** A business of the demo, with those who can sign in to it. */
export interface DemoBusiness extends Business {
  readonly plan: Plan;
  /** Its address with scheme, to be opened, and without, to be read. */
  readonly href: string;
  readonly address: string;
  readonly people: readonly { readonly name: string; readonly email: string; readonly role: keyof typeof roleTexts }[];
  /** A command that reads its contacts through the API. */
  readonly curl: string;
}

/** What runs, and where. */
export interface StartProps extends Frame {
  /** Empty when the database had tenants of its own, so that none was seeded. */
  readonly businesses: readonly DemoBusiness[];
  /** The one password of all demo people. */
  readonly password: string;
  readonly signUp: Link;
  /** Undefined where mail is sent. */
  readonly outbox?: Link | undefined;
  readonly docs: Link;
  readonly openapi: Link;
  readonly dataDir: string;
  /** What removes the data, once the server has stopped. */
  readonly resetCommand: string;
  /** Port of the embedded PostgreSQL, if it is used. */
  readonly postgresPort?: number | undefined;
}

/** What `npm start` prints the address of: everything of the demo, one click away. */
export function startPage({
  businesses,
  password,
  signUp,
  outbox,
  docs,
  openapi,
  dataDir,
  resetCommand,
  postgresPort,
  ...rest
}: StartProps): string {
  const empty = businesses.length === 0;
  const ways: readonly (readonly [Link, string])[] = [
    [signUp, 'Sign up as a new customer would: name, address, plan, a mailed link.'],
    ...(outbox ? [[outbox, 'Every mail that would have been sent, with its links.'] as const] : []),
    [docs, 'All routes with their fields, errors and roles.'],
    [openapi, 'The same for programs.'],
  ];
  return page({
    ...rest,
    title: 'BusinessOS is running',
    width: 'wide',
    body: html`${heading(
      'BusinessOS is running',
      empty
        ? 'The database was not empty, so no demo was seeded. Create a business, or sign in at the address of one that is there.'
        : 'Three businesses share one PostgreSQL, one schema and, between the first two, even the same ids. Each sees its own rows only, because PostgreSQL itself verifies on whose behalf every statement runs.',
    )}
${
  !empty &&
  html`<div class="demo"><p class="strip">Everything here is invented. All of these people sign in with the password ${copyable(password)}</p>
<ul class="tiles">${businesses.map(tile)}</ul></div>`
}
${section('Next', undefined, html`<ul class="panel list">${ways.map(way)}</ul>`)}
${!empty && section('From the terminal', 'Three contacts of each, read through the API.', html`<div class="panel">${businesses.map(({ name, curl }) => html`<div class="sample"><h3 class="minor"><bdi>${name}</bdi></h3>${codeBlock(curl)}</div>`)}</div>`)}
${section(
  'This installation',
  undefined,
  html`<div class="panel">${facts([
    ['Data', copyable(dataDir)],
    postgresPort !== undefined && ['PostgreSQL', `embedded, on port ${postgresPort}`],
    ['Stop', 'Ctrl-C in the terminal'],
    ['Start afresh', html`stop, then ${copyable(resetCommand)}`],
  ])}</div>`,
)}`,
  });
}

function way([link, text]: readonly [Link, string]) {
  return html`<li class="go-item"><a class="go" href="${link.href}"><span class="names"><strong>${link.text}</strong><span class="under">${text}</span></span>${icon('next')}</a></li>`;
}

function tile(business: DemoBusiness) {
  const people = business.people.map(
    ({ name, email, role }) =>
      html`<li class="person"><span><bdi>${name}</bdi> <span class="tag">${roleTexts[role].name}</span></span><span class="mailbox">${breakable(email)}</span></li>`,
  );
  return html`<li class="tile"><div class="named">${mark(business, 'large')}<div class="names"><h2><bdi>${business.name}</bdi></h2><span class="under">${planTexts[business.plan].name}</span></div></div>
<ul class="people">${people}</ul>
<a class="button plain" href="${business.href}">${breakable(business.address)}</a></li>`;
}

/** Where the ways from the base domain lead. */
export interface BasePageProps extends Frame {
  /** How the addresses of businesses look: `{slug}.bos.example`. */
  readonly pattern: string;
  readonly signInHref: string;
  readonly signUpHref: string;
}

/** What stands at the base domain of a production server. */
export function basePage({ pattern, signInHref, signUpHref, ...rest }: BasePageProps): string {
  return page({
    ...rest,
    title: 'BusinessOS',
    body: card(
      heading(
        'BusinessOS',
        html`Your business has an address of its own, <strong class="key">${pattern}</strong>. Sign in there, or here if you do not have it at hand.`,
      ),
      linkButton({ href: signInHref, text: 'Sign in' }),
      links({ href: signUpHref, text: 'Create a business' }),
    ),
  });
}
