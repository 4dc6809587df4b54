import type { Plan } from '@businessos/contract';
import { plans, slugLength, slugPattern } from '@businessos/contract';
import { breakable } from './breakable.ts';
import type { Control } from './control.ts';
import { email, newPassword, password, personName } from './fields.ts';
import { type FormState, form } from './form.ts';
import { html } from './html.ts';
import { type Frame, page } from './layout.ts';
import { type Business, mark } from './mark.ts';
import { card, facts, heading, links } from './panel.ts';
import { planTexts } from './role-and-plan.ts';

/** A region that a business may choose. */
export interface Region {
  readonly value: string;
  readonly name: string;
}

/** What may be chosen, and what was typed. The form has the fields `name`, `slug`, `region`, `plan` and `email`. */
export interface SignUpProps extends Frame, FormState {
  /** What follows the slug in the address of a business: `.bos.example`, with the port where it is not the usual one. */
  readonly suffix: string;
  /** At least one; a single one is shown and not asked. */
  readonly regions: readonly Region[];
  readonly typed?: { readonly [field in 'name' | 'slug' | 'region' | 'plan' | 'email']?: string | undefined };
  readonly signInHref: string;
}

/** The form with which a business begins. */
export function signUpPage({ suffix, regions, typed = {}, signInHref, ...rest }: SignUpProps): string {
  const [first] = regions;
  const region = { name: 'region', label: 'Region', hint: 'Where your data lies. It stays there.' } as const;
  const controls: readonly Control[] = [
    {
      kind: 'line',
      name: 'name',
      label: 'Name',
      value: typed.name,
      autocomplete: 'organization',
      maxlength: 100,
      hint: 'As your people and customers know it.',
      focus: !typed.name,
    },
    {
      kind: 'line',
      name: 'slug',
      label: 'Address',
      value: typed.slug,
      autocomplete: 'off',
      literal: true,
      suffix,
      minlength: slugLength.min,
      maxlength: slugLength.max,
      pattern: slugPattern.source,
      hint: 'Lower-case letters, digits and single hyphens.',
    },
    regions.length === 1 && first
      ? { ...region, kind: 'fixed', value: first.value, text: first.name }
      : { ...region, kind: 'menu', value: typed.region, options: regions },
    {
      kind: 'cards',
      name: 'plan',
      label: 'Plan',
      value: typed.plan ?? 'free',
      options: plans.map((value) => ({ value, ...planTexts[value] })),
    },
    { ...email('E-mail', typed.email), hint: 'The link that we mail you creates the business.' },
  ];
  return page({
    ...rest,
    title: 'Create a business',
    refused: (rest.problems ?? []).length > 0,
    body: card(
      heading('Create a business', 'It gets an address and data of its own, and you become its owner.'),
      form({ ...rest, controls, submit: 'Continue' }),
      links({ href: signInHref, text: 'Sign in instead' }),
    ),
  });
}

/** The business to be. The form has the fields `name`, unless the person is known, and `password`. */
export interface SignUpConfirmProps extends Frame, FormState {
  /** The business to be; `address` is its host and port. */
  readonly business: Business & { readonly address: string; readonly region: string; readonly plan: Plan };
  readonly email: string;
  /** Whether this e-mail has a password here already. */
  readonly known: boolean;
  readonly typed?: { readonly name?: string | undefined };
}

/** What the mailed link of a sign-up opens: the last look at the business, and the owner's password. */
export function signUpConfirmPage({
  business,
  email: address,
  known,
  typed = {},
  ...rest
}: SignUpConfirmProps): string {
  return page({
    ...rest,
    title: 'Create your business',
    refused: (rest.problems ?? []).length > 0,
    body: card(
      heading(
        'Create your business',
        known
          ? 'You have a password here already. Use it, and the new business is yours too.'
          : 'Choose your name and a password, and the business is yours.',
      ),
      html`<div class="review"><div class="named">${mark(business, 'large')}<div class="names"><strong><bdi>${business.name}</bdi></strong><span class="under">${breakable(business.address)}</span></div></div>
${facts([
  ['Region', business.region],
  ['Plan', planTexts[business.plan].name],
  ['Owner', breakable(address)],
])}</div>`,
      form({
        ...rest,
        username: address,
        controls: known
          ? [{ ...password(), focus: true }]
          : [{ ...personName(typed.name), focus: true }, newPassword()],
        submit: 'Create business',
      }),
    ),
  });
}
