import type { FieldProblem } from '@businessos/contract';
import { breakable } from './breakable.ts';
import { type Html, html } from './html.ts';
import { icon } from './icon.ts';
import { refusalText } from './refusal-text.ts';

interface Named {
  /** The name under which it is posted and by which a problem finds it. */
  readonly name: string;
  readonly label: string;
  readonly hint?: string | undefined;
  /** Takes the focus when the page opens. */
  readonly focus?: boolean;
}

interface Line extends Named {
  readonly kind: 'line';
  readonly value?: string | undefined;
  readonly type?: 'text' | 'email';
  readonly autocomplete: string;
  readonly inputmode?: 'numeric' | 'email' | 'text';
  /** Codes, addresses and slugs are neither corrected nor begun with a capital. */
  readonly literal?: boolean;
  readonly minlength?: number;
  readonly maxlength?: number;
  readonly pattern?: string;
  /** What the value is continued with, such as the base domain. */
  readonly suffix?: string;
}

interface Secret extends Named {
  readonly kind: 'secret';
  readonly autocomplete: 'current-password' | 'new-password';
  readonly minlength?: number;
}

interface Choice extends Named {
  /** A menu, or radio buttons with a line on each. */
  readonly kind: 'menu' | 'cards';
  readonly value?: string | undefined;
  readonly options: readonly { readonly value: string; readonly name: string; readonly note?: string }[];
}

interface Fixed extends Named {
  /** Shown and posted, not to be changed. */
  readonly kind: 'fixed';
  readonly value: string;
  readonly text: string;
}

/** One thing to be filled in; all must be. A secret takes no value, so no password is ever written into a page. */
export type Control = Line | Secret | Choice | Fixed;

/** The id of a control within the page: a summary of problems links there. */
export function idOf(form: string, { name }: Control): string {
  return form === '' ? name : `${form}-${name}`;
}

/** Builds a control with its label, hint and the problems that name it, tied together by ids. */
export function control(form: string, spec: Control, problems: readonly FieldProblem[]): Html {
  const id = idOf(form, spec);
  const own = problems.filter(({ field }) => field === spec.name);
  const described = [
    spec.kind === 'line' && spec.suffix !== undefined && `${id}-suffix`,
    spec.hint !== undefined && `${id}-hint`,
    own.length > 0 && `${id}-problem`,
  ].filter((one) => one !== false);
  const state = html`${described.length > 0 && html` aria-describedby="${described.join(' ')}"`}${own.length > 0 && html` aria-invalid="true"`}${spec.focus && html` autofocus`}`;
  const below = html`${spec.hint !== undefined && html`<p class="hint" id="${id}-hint">${spec.hint}</p>`}
${own.length > 0 && html`<p class="wrong" id="${id}-problem">${icon('alert')}<span>${own.map((one) => refusalText(one, spec.label)).join(' ')}</span></p>`}`;
  if (spec.kind === 'cards') return cards(id, spec, state, below);
  if (spec.kind === 'fixed') {
    return html`<div class="field"><span class="label">${spec.label}</span><input type="hidden" name="${spec.name}" value="${spec.value}"><p class="fixed">${spec.text}</p>${below}</div>`;
  }
  return html`<div class="field"><label class="label" for="${id}">${spec.label}</label>${input(id, spec, state)}${below}</div>`;
}

function input(id: string, spec: Line | Secret | Choice, state: Html): Html {
  const start = html` id="${id}" name="${spec.name}" required${state}`;
  if (spec.kind === 'secret') {
    return html`<input class="input" type="password" autocomplete="${spec.autocomplete}"${attribute('minlength', spec.minlength)}${start}>`;
  }
  if (spec.kind !== 'line') {
    const options = spec.options.map(
      (one) => html`<option value="${one.value}"${one.value === spec.value && html` selected`}>${one.name}</option>`,
    );
    return html`<select class="input menu"${start}>${options}</select>`;
  }
  const { type = 'text', value = '', suffix } = spec;
  const literal =
    (spec.literal || type === 'email') && html` autocapitalize="none" autocorrect="off" spellcheck="false"`;
  const bounds = (['inputmode', 'minlength', 'maxlength', 'pattern'] as const).map((name) =>
    attribute(name, spec[name]),
  );
  const line = html`<input class="input${suffix !== undefined && ' inner'}" type="${type}" value="${value}" autocomplete="${spec.autocomplete}"${literal}${bounds}${start}>`;
  return suffix === undefined
    ? line
    : html`<div class="joined">${line}<span class="suffix" id="${id}-suffix">${breakable(suffix)}</span></div>`;
}

function attribute(name: string, value: string | number | undefined): Html | false {
  return value !== undefined && html` ${name}="${value}"`;
}

/** Radio buttons in a group; the first carries the group's id, so that a summary leads to it. */
function cards(id: string, { name, label, value, options }: Choice, state: Html, below: Html): Html {
  const one = (option: Choice['options'][number], at: number) => {
    const own = at === 0 ? id : `${id}-${at}`;
    return html`<label class="option" for="${own}"><input class="radio" type="radio" id="${own}" name="${name}" value="${option.value}" required${option.value === value && html` checked`} aria-labelledby="${own}-name"${option.note !== undefined && html` aria-describedby="${own}-note"`}><span><span class="option-name" id="${own}-name">${option.name}</span>${option.note !== undefined && html`<span class="option-note" id="${own}-note">${option.note}</span>`}</span></label>`;
  };
  return html`<fieldset class="field" role="radiogroup"${state}><legend class="label legend">${label}</legend>${options.map(one)}${below}</fieldset>`;
}
