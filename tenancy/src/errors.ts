/**
 * What the kernel refuses or passes on. `code` is stable and append-only, `message` is safe to show to anyone;
 * `detail`, `sqlstate` and `constraint` are for operators and code only: they are not enumerable, so no serialiser
 * shows them by accident.
 */
export class TenancyError extends Error {
  readonly code: string;
  /** True where running the same thing again may succeed without any change. */
  readonly retryable: boolean;
  declare readonly detail: string | undefined;
  declare readonly sqlstate: string | undefined;
  declare readonly constraint: string | undefined;

  constructor(code: string, message: string, more: ErrorDetails = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = more.retryable ?? false;
    for (const key of ['detail', 'sqlstate', 'constraint'] as const) {
      Object.defineProperty(this, key, { value: more[key], enumerable: false });
    }
    if (more.cause !== undefined) Object.defineProperty(this, 'cause', { value: more.cause, enumerable: false });
  }

  toJSON(): { code: string; message: string } {
    return { code: this.code, message: this.message };
  }
}

export interface ErrorDetails {
  detail?: string | undefined;
  sqlstate?: string | undefined;
  constraint?: string | undefined;
  retryable?: boolean;
  cause?: unknown;
}

/** Thrown where tenant data is asked for outside of any scope: never an empty answer. */
export class NoTenantError extends TenancyError {
  constructor(what: string) {
    super('NO_TENANT', `${what} needs a tenant scope: call it inside withTenant(tenant, principal, callback)`);
  }
}

/** Thrown on any attempt to act for a second tenant inside the scope of a first. */
export class ScopeSwitchError extends TenancyError {
  constructor(what: string) {
    super('SCOPE_SWITCH', `${what} belongs to another tenant's scope`);
  }
}

/** Thrown before anything is sent: the statement is not one that a tenant's scope may run. */
export class RefusedError extends TenancyError {
  constructor(reason: string) {
    super('REFUSED', reason);
  }
}

/** Thrown when waiting for a connection would exceed the bounds of the tenant-fair pool. Nothing was sent. */
export class PoolBusyError extends TenancyError {
  constructor(detail: string) {
    super('POOL_BUSY', 'too much work is waiting for this tenant; try again shortly', { detail, retryable: true });
  }
}

/** Thrown when an AbortSignal ended the work; a statement on its way was cancelled on the server. */
export class AbortedError extends TenancyError {
  constructor(detail?: string) {
    super('ABORTED', 'the caller gave the work up', { detail });
  }
}

/** Thrown when the server refuses to run on this database: the list says what differs. */
export class AttestationError extends TenancyError {
  readonly findings: string[];
  constructor(findings: string[]) {
    super('ATTESTATION_FAILED', `the database is not as the last migration left it:\n  ${findings.join('\n  ')}`);
    this.findings = findings;
  }
}

const OWN_STATES: Record<string, [code: string, message: string, retryable: boolean]> = {
  BTMVD: ['TENANT_MOVED', 'the tenant is not at home in this cluster', true],
  BTFNC: ['TENANT_FENCED', 'the tenant is being moved; writes wait', true],
  BTSUS: ['TENANT_SUSPENDED', 'the tenant is suspended', false],
  BTRDO: ['TENANT_READ_ONLY', 'the tenant accepts no writes now', false],
  '40001': ['SERIALIZATION', 'the transaction met another one; run it again', true],
  '40P01': ['SERIALIZATION', 'the transaction met another one; run it again', true],
  '42501': ['FORBIDDEN', 'the database refused this access', false],
  '23505': ['CONFLICT', 'a value that must be unique is taken', false],
  '23503': ['REFERENCE_MISSING', 'a referenced record does not exist', false],
  '23502': ['VALUE_REFUSED', 'a required value is missing', false],
  '23514': ['VALUE_REFUSED', 'a value is outside of what is allowed', false],
  '57014': ['TIMED_OUT', 'the statement took too long and was cancelled', true],
  '55P03': ['TIMED_OUT', 'a lock was not to be had in time', true],
  '25P02': ['TRANSACTION_FAILED', 'an earlier statement of the transaction failed', false],
  '25P03': ['TRANSACTION_FAILED', 'the transaction idled too long and was ended', true],
};

interface ServerError {
  message: string;
  code?: string;
  severity?: string;
  constraint?: string;
  detail?: string;
}

/** Translates an error of `pg` or of PostgreSQL; `wrote` tells whether an acknowledged effect may have been lost. */
export function fromDatabase(cause: unknown, wrote: boolean): TenancyError {
  if (cause instanceof TenancyError) return cause;
  const error = cause as ServerError;
  const state = error.severity === undefined ? undefined : error.code;
  const known = state === undefined ? undefined : OWN_STATES[state];
  const detail = [error.message, error.detail].filter(Boolean).join(' · ');
  if (known) {
    const [code, message, retryable] = known;
    return new TenancyError(code, message, { detail, sqlstate: state, constraint: error.constraint, retryable, cause });
  }
  if (
    state === undefined ||
    state.startsWith('08') ||
    state.startsWith('57P') ||
    state.startsWith('28') ||
    state === '53300' ||
    state === '3D000'
  ) {
    // The connection broke (or was never there): for a write nobody knows whether it took effect.
    return wrote
      ? new TenancyError('OUTCOME_UNKNOWN', 'the connection broke before the answer; the write may have happened', {
          detail,
          sqlstate: state,
          cause,
        })
      : new TenancyError('DATABASE_UNAVAILABLE', 'the database cannot be reached now', {
          detail,
          sqlstate: state,
          retryable: true,
          cause,
        });
  }
  if (state.startsWith('22'))
    return new TenancyError('VALUE_REFUSED', 'a value has the wrong form', { detail, sqlstate: state, cause });
  return new TenancyError('QUERY_FAILED', 'the statement failed', {
    detail,
    sqlstate: state,
    constraint: error.constraint,
    cause,
  });
}

/** Wraps an error of setup, migration or attestation for the operator who runs it, with PostgreSQL's own words. */
export function forOperator(cause: unknown, doing: string): TenancyError {
  if (cause instanceof TenancyError) return cause;
  const { code } = fromDatabase(cause, false);
  return new TenancyError(code, `${doing}: ${(cause as Error).message || String(cause)}`, { cause });
}
