import { type FieldProblem, problems } from '@businessos/contract';
import { explain } from '../gateway/answer.ts';

/** What every page says of where it is: the host and port of its origin. */
export function frameOf(origin: string): { address: string } {
  return { address: new URL(origin).host };
}

/** What a form shows of a refusal: its fields, or the code's own words. */
export function problemsOf(error: unknown): FieldProblem[] | undefined {
  if (error === undefined) return undefined;
  const { code, errors } = explain(error);
  if (code === 'CREDENTIAL_INVALID') return [WRONG];
  return errors?.length ? errors : [{ field: '', problem: problems[code].title, fix: problems[code].user }];
}

/** One answer whether the address is unknown or the password wrong. */
const WRONG: FieldProblem = { field: '', problem: 'That did not match', fix: 'Check what you typed and try again' };

/** The status of a page that shows a refusal. */
export function statusOf(error: unknown): number {
  return error === undefined ? 200 : problems[explain(error).code].status;
}
