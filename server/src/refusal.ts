import { type Code, type FieldProblem, problems } from '@businessos/contract';
import { TenancyError } from '@businessos/tenancy';

/** A request that is refused with one of the contract's codes; everything in it may be shown to anybody. */
export class Refusal extends Error {
  readonly code: Code;
  readonly errors: FieldProblem[] | undefined;
  /** The present record, at VERSION_STALE. */
  readonly current: unknown;
  /** Whole seconds to wait, at RATE_LIMITED. */
  readonly retryAfterS: number | undefined;

  constructor(
    code: Code,
    more: { errors?: FieldProblem[]; current?: unknown; retryAfterS?: number; cause?: unknown } = {},
  ) {
    super(problems[code].title, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'Refusal';
    this.code = code;
    this.errors = more.errors;
    this.current = more.current;
    this.retryAfterS = more.retryAfterS === undefined ? undefined : Math.ceil(more.retryAfterS);
  }
}

/**
 * What an operator's log may say of an error. PostgreSQL's words on data and constraints (SQLSTATE classes 22 and 23)
 * repeat values of rows, so of those only the state and the constraint's name are kept.
 */
export function detailOf(error: unknown): string | undefined {
  if (error instanceof Refusal) return error.cause === undefined ? undefined : detailOf(error.cause);
  if (error instanceof TenancyError) {
    const { code, sqlstate, constraint, detail } = error;
    return [code, sqlstate, /^2[23]/.test(sqlstate ?? '') ? constraint : detail].filter(Boolean).join(' · ');
  }
  return error instanceof Error ? error.stack : String(error);
}
