import { type Code, type FieldProblem, problems } from '@businessos/contract';

/** A request that is refused with one of the contract's codes; everything in it may be shown to anybody. */
export class Refusal extends Error {
  readonly code: Code;
  readonly errors: FieldProblem[] | undefined;
  /** The present record, at VERSION_STALE. */
  readonly current: unknown;

  constructor(code: Code, more: { errors?: FieldProblem[]; current?: unknown; cause?: unknown } = {}) {
    super(problems[code].title, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'Refusal';
    this.code = code;
    this.errors = more.errors;
    this.current = more.current;
  }
}
