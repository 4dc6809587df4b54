import { type FieldProblem, problems } from '@businessos/contract';
import { explain } from '../gateway/answer.ts';
import { problemWords } from '../pages/problem-words.ts';
import { Refusal } from '../refusal.ts';

/** What every page says of where it is: the host and port of its origin. */
export function frameOf(origin: string): { address: string } {
  return { address: new URL(origin).host };
}

/**
 * What a form shows of a refusal: its fields, or the code's words for people. `wrong` is the field of the credential
 * that did not match, where that may be said; `password` the field of a password that was to be chosen.
 */
export function problemsOf(
  error: unknown,
  { wrong, password = 'password' }: { wrong?: string; password?: string } = {},
): FieldProblem[] | undefined {
  if (error === undefined) return undefined;
  const { code, errors } = explain(error);
  if (code === 'CREDENTIAL_INVALID')
    return [wrong === undefined ? WRONG : { field: wrong, problem: 'did not match', fix: 'try again' }];
  if (errors?.length) return errors.map((one) => (one.field === 'password' ? { ...one, field: password } : one));
  const { title, advice } = problemWords(code, error instanceof Refusal ? error.retryAfterS : undefined);
  return [{ field: '', problem: title, fix: advice }];
}

/** One answer whether the address is unknown or the password wrong. */
const WRONG: FieldProblem = { field: '', problem: 'That did not match', fix: 'Check what you typed and try again' };

/** The status of a page that shows a refusal. */
export function statusOf(error: unknown): number {
  return error === undefined ? 200 : problems[explain(error).code].status;
}
