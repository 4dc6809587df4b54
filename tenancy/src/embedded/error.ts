import { TenancyError } from '../errors.ts';

export type EmbeddedErrorCode =
  | 'BINARIES_MISSING'
  | 'DATA_FOREIGN'
  | 'DATA_MISSING'
  | 'NO_USER'
  | 'PORT_TAKEN'
  | 'POSTGRES_BUSY'
  | 'SETTING_REFUSED'
  | 'START_FAILED';

/** Says what keeps the embedded PostgreSQL from running and what to do about it; the message holds no password. */
export class EmbeddedError extends TenancyError {
  constructor(message: string, { code, cause }: { code: EmbeddedErrorCode; cause?: unknown }) {
    super(code, message, { cause });
  }
}

/** Tells whether `error` is a system or PostgreSQL error with one of these codes. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
