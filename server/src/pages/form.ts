import type { FieldProblem } from '@businessos/contract';
import { type Control, control, idOf } from './control.ts';
import { type Html, html } from './html.ts';
import { icon } from './icon.ts';
import { refusalText } from './refusal-text.ts';

/** What a form needs from the server besides its own values. */
export interface FormState {
  /** The path it is posted to, on the same host. */
  readonly action: string;
  readonly csrf: string;
  /** What was refused, as the API words it; one that names no field of the form is about the whole of it. */
  readonly problems?: readonly FieldProblem[] | undefined;
}

/** Where a form that is one button leads. */
export type Post = Pick<FormState, 'action' | 'csrf'>;

interface Form extends FormState {
  /** Makes ids unique where a page has several forms. */
  readonly id?: string;
  readonly controls: readonly Control[];
  readonly submit: string;
  /** One primary button per page. */
  readonly tone?: 'primary' | 'plain' | 'danger';
  /** Whose password is asked, for password managers; not posted. */
  readonly username?: string | undefined;
  /** Stands between controls and button. */
  readonly note?: Html | false;
}

/**
 * Builds a form: summary of problems, controls, button. The first refused control takes the focus, else the one that
 * asks for it; what was typed stays, except in password fields, whose value no control takes.
 */
export function form({
  id = '',
  action,
  csrf,
  problems = [],
  controls,
  submit,
  tone = 'primary',
  username,
  note,
}: Form): Html {
  const bad = controls.find((one) => problems.some(({ field }) => field === one.name));
  return html`${summary(id, controls, problems)}
<form class="form" method="post" action="${action}">
<input type="hidden" name="csrf" value="${csrf}">
${username !== undefined && html`<input type="text" autocomplete="username" value="${username}" readonly hidden>`}
${controls.map((one) => control(id, bad ? { ...one, focus: one === bad } : one, problems))}
${note}
<button class="button ${tone}" type="submit">${submit}</button>
</form>`;
}

interface ButtonForm extends Post {
  readonly submit: string;
  /** What the button acts on, for those who hear it without seeing what is beside it. */
  readonly of?: string;
  readonly hidden?: Readonly<Record<string, string>>;
  readonly tone?: 'primary' | 'plain' | 'danger';
}

/** Builds a form that is one button. */
export function buttonForm({ action, csrf, submit, of, hidden = {}, tone = 'plain' }: ButtonForm): Html {
  return html`<form class="form" method="post" action="${action}">
<input type="hidden" name="csrf" value="${csrf}">
${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<button class="button ${tone}" type="submit">${submit}${of !== undefined && html`<span class="unseen"> ${of}</span>`}</button>
</form>`;
}

function summary(id: string, controls: readonly Control[], problems: readonly FieldProblem[]): Html | false {
  if (problems.length === 0) return false;
  const lines = problems.map((problem) => {
    const about = controls.find(({ name }) => name === problem.field);
    if (!about) return refusalText(problem);
    return html`<a class="alert-link" href="#${idOf(id, about)}">${refusalText({ ...problem, fix: '' }, about.label)}</a>`;
  });
  const [first] = lines;
  const content =
    lines.length === 1
      ? html`<p>${first}</p>`
      : html`<p>${lines.length} things need another look:</p><ul class="alert-list">${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
  return html`<div class="alert" role="alert">${icon('alert')}<div>${content}</div></div>`;
}
