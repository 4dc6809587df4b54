import type { FieldProblem } from '@businessos/contract';

/** Says a problem as sentences: one that begins in lower case is told of the field, "Address is taken." */
export function refusalText({ problem, fix }: FieldProblem, label?: string): string {
  const told = label !== undefined && /^\p{Ll}/u.test(problem) ? `${label} ${problem}` : problem;
  return [told, fix]
    .filter((text) => text !== '')
    .map(asSentence)
    .join(' ');
}

function asSentence(text: string): string {
  const [first = ''] = text;
  return `${first.toUpperCase()}${text.slice(first.length)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
