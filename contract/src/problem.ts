import { z } from 'zod';

type Row = { status: number; title: string; user: string; operator: string };

const nothing = 'Nothing to do.';

/** Every error of the wire: status, title, what its user does and what its operator does. Append-only. */
export const problems = {
  HOST_INVALID: {
    status: 400,
    title: 'The Host of this request is not one of this installation',
    user: 'Use the address of your business, without changes.',
    operator: 'Check the base domain, the public port and what the proxy passes on as Host.',
  },
  TARGET_INVALID: {
    status: 400,
    title: 'The address of this request is not well-formed',
    user: 'Send a path that begins with one slash, with other characters percent-encoded.',
    operator: nothing,
  },
  REQUEST_INVALID: {
    status: 400,
    title: 'A part of this request is not as the contract says',
    user: 'Correct the fields that `errors` names.',
    operator: nothing,
  },
  BODY_INVALID: {
    status: 400,
    title: 'The body is not acceptable JSON',
    user: 'Send one JSON value in UTF-8, without repeated keys.',
    operator: nothing,
  },
  CURSOR_INVALID: {
    status: 400,
    title: 'The cursor does not belong to this list',
    user: 'Start the list again without `after`, and keep filters and sort unchanged between pages.',
    operator: nothing,
  },
  CREDENTIAL_MISSING: {
    status: 401,
    title: 'This request needs a credential',
    user: 'Send `Authorization: Bearer` with a token.',
    operator: nothing,
  },
  CREDENTIAL_INVALID: {
    status: 401,
    title: 'The credential is not valid, or no longer',
    user: 'Get a new token and try again.',
    operator: 'If all tokens fail, compare the clocks of the servers and their signing keys.',
  },
  FACTOR_NEEDED: {
    status: 401,
    title: 'A second factor is needed',
    user: 'Send the six digits of your authenticator, or a recovery code, as `otp`; set one up first if you have none.',
    operator: nothing,
  },
  REFRESH_REUSED: {
    status: 401,
    title: 'This refresh token was used before, so everything that came of this sign-in has ended',
    user: 'Sign in again. Use each refresh token once, one request at a time.',
    operator: 'If it was not a client that repeats requests, somebody has copied a token: ask the person.',
  },
  STEP_UP_NEEDED: {
    status: 401,
    title: 'This needs a sign-in within the last ten minutes',
    user: 'Sign in again and repeat the request.',
    operator: nothing,
  },
  TENANT_SUSPENDED: {
    status: 403,
    title: 'This business is suspended',
    user: 'Ask the operator of the service.',
    operator: 'Resume the tenant when the reason is gone.',
  },
  PERMISSION_MISSING: {
    status: 403,
    title: 'Your role does not allow this',
    user: 'Ask an owner or admin of your business.',
    operator: nothing,
  },
  CROSS_ORIGIN: {
    status: 403,
    title: 'This request comes from another site',
    user: 'Use the forms of this site; programs send a token and no cookie.',
    operator: 'Check that the proxy passes on `Origin`, and that its scheme and port are the public ones.',
  },
  NOT_FOUND: {
    status: 404,
    title: 'There is nothing here',
    user: 'Check the address and the id.',
    operator: nothing,
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'This address does not take this method',
    user: 'Use one of the methods in the `Allow` header.',
    operator: nothing,
  },
  CONFLICT: {
    status: 409,
    title: 'This contradicts something that is there already',
    user: 'Change the field that `errors` names, or the record that has its value.',
    operator: nothing,
  },
  SLUG_TAKEN: {
    status: 409,
    title: 'Another tenant has this slug, or had it within the last year',
    user: 'Choose another slug.',
    operator: nothing,
  },
  LAST_OWNER: {
    status: 409,
    title: 'A business always has an owner, and this is the last one',
    user: 'Make somebody else an owner first.',
    operator: nothing,
  },
  REQUEST_RUNNING: {
    status: 409,
    title: 'A request with this Idempotency-Key is still running',
    user: 'Wait a moment and send it again unchanged.',
    operator: nothing,
  },
  TENANT_READ_ONLY: {
    status: 409,
    title: 'This business is read-only at present',
    user: 'Reading works; try the change again later or ask the operator.',
    operator: 'End the read-only mode when its reason is gone.',
  },
  LINK_USED: {
    status: 410,
    title: 'This link was used already, or its time is over',
    user: 'Sign in if you used it; else ask for a new one.',
    operator: nothing,
  },
  VERSION_STALE: {
    status: 412,
    title: 'The record has changed since you read it',
    user: 'Compare with `current` and send the change with its version.',
    operator: nothing,
  },
  BODY_TOO_LARGE: {
    status: 413,
    title: 'The body is larger than this address takes',
    user: 'Send less at once.',
    operator: nothing,
  },
  MEDIA_TYPE_UNSUPPORTED: {
    status: 415,
    title: 'The body has a type that this address does not take',
    user: 'Send `Content-Type: application/json`, in UTF-8 and not compressed.',
    operator: nothing,
  },
  VALUE_REFUSED: {
    status: 422,
    title: 'A value is well-formed, but cannot be used here',
    user: 'Correct the fields that `errors` names.',
    operator: nothing,
  },
  SLUG_REFUSED: {
    status: 422,
    title: 'This slug cannot name a tenant',
    user: 'Choose 3 to 40 lower-case letters, digits and single hyphens, and no reserved word.',
    operator: nothing,
  },
  PASSWORD_REFUSED: {
    status: 422,
    title: 'This password cannot be used',
    user: 'Choose another one; `errors` says why.',
    operator: nothing,
  },
  KEY_REUSED: {
    status: 422,
    title: 'This Idempotency-Key was used for another request',
    user: 'Use a new key for each new request.',
    operator: nothing,
  },
  VERSION_NEEDED: {
    status: 428,
    title: 'This change must say which version it is based on',
    user: 'Send `If-Match` with the version in double quotes, as `ETag` gave it.',
    operator: nothing,
  },
  RATE_LIMITED: {
    status: 429,
    title: 'Too many requests',
    user: 'Wait for the time in `Retry-After`. A mailed link works all the same.',
    operator: 'See who asks; nobody is locked out by it.',
  },
  INTERNAL: {
    status: 500,
    title: 'Something went wrong on our side',
    user: 'Try again; if it stays, send the operator the request id.',
    operator: 'Find the request id in the log.',
  },
  POOL_BUSY: {
    status: 503,
    title: 'Too much is going on at this moment',
    user: 'Wait for the time in `Retry-After` and try again.',
    operator: 'See which tenant waits; raise its plan or the number of connections.',
  },
  BUSY: {
    status: 503,
    title: 'Too many sign-ins at this moment',
    user: 'Wait for the time in `Retry-After` and try again.',
    operator: 'Somebody may be guessing passwords: see the log by address.',
  },
  REVOCATION_UNKNOWN: {
    status: 503,
    title: 'This server does not know at present which rights were taken away',
    user: 'Wait for the time in `Retry-After` and try again.',
    operator: 'It cannot reach the primary database: see `bos doctor`.',
  },
  DATABASE_UNAVAILABLE: {
    status: 503,
    title: 'The database does not answer',
    user: 'Wait for the time in `Retry-After` and try again.',
    operator: 'See `bos doctor`.',
  },
  OUTCOME_UNKNOWN: {
    status: 503,
    title: 'The connection broke while the change was being saved',
    user: 'Send it again with the same Idempotency-Key, or read the record first.',
    operator: 'See why the database connection ended.',
  },
  TIMED_OUT: {
    status: 504,
    title: 'This took longer than is allowed',
    user: 'Ask for less at once, or try again later.',
    operator: 'See the slow statements of this tenant.',
  },
} as const satisfies Record<string, Row>;

/** The code of an error; the only part of a problem that programs should decide by. */
export type Code = keyof typeof problems;

/** All codes in the order of the table. */
export const codes = Object.keys(problems) as [Code, ...Code[]];

/** Names the page of a code, relative to the installation: `/problems/host-invalid`. */
export function problemType(code: Code): string {
  return `/problems/${code.toLowerCase().replaceAll('_', '-')}`;
}

export const fieldProblem = z.strictObject({ field: z.string(), problem: z.string(), fix: z.string() });

/** An error on the wire (RFC 9457), with `code`, the request's id, the fields at fault and, at 412, the present record. */
export const problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string().optional(),
  code: z.enum(codes),
  request_id: z.string(),
  errors: z.array(fieldProblem).optional(),
  current: z.unknown().optional(),
});

export type ProblemBody = z.output<typeof problem>;

/** Builds the body of an error from its code; a detail and fields must be safe to show to anybody. */
export function problemBody(
  code: Code,
  requestId: string,
  more: Pick<ProblemBody, 'detail' | 'errors' | 'current'> = {},
): ProblemBody {
  const { status, title } = problems[code];
  return { type: problemType(code), title, status, code, request_id: requestId, ...more };
}
