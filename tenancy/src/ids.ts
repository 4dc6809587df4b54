import { createHash } from 'node:crypto';
import { RefusedError } from './errors.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const PRINCIPAL = /^(?:[ukoj]:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|s:[a-z][a-z0-9_-]{0,30})$/;
const REQUEST_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Says whether the text is a UUID in the one spelling that seals use: lower case, with hyphens. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID.test(text);
}

/** Returns the tenant id, or throws RefusedError when it is not a lower-case UUID. */
export function parseTenantId(text: unknown): string {
  if (!isUuid(text)) throw new RefusedError('tenant id: expected a UUID in lower case with hyphens');
  return text;
}

/**
 * Returns the principal, or throws RefusedError. Forms: `u:<uuid>` person, `k:<uuid>` API key, `o:<uuid>` operator,
 * `j:<uuid>` job, `s:<name>` service. No dots, since the sealed form is separated by dots.
 */
export function parsePrincipal(text: unknown): string {
  if (typeof text !== 'string' || !PRINCIPAL.test(text)) {
    throw new RefusedError('principal: expected u:, k:, o: or j: with a UUID, or s: with a name');
  }
  return text;
}

/** Returns the request id (1 to 64 of A-Z a-z 0-9 _ -), or throws RefusedError. */
export function parseRequestId(text: unknown): string {
  if (typeof text !== 'string' || !REQUEST_ID.test(text)) {
    throw new RefusedError('request id: expected 1 to 64 letters, digits, _ or -');
  }
  return text;
}

/** Derives the same UUID (version 8, RFC 9562) from the same names, so that a repeated act writes nothing twice. */
export function derivedId(...names: string[]): string {
  const hash = createHash('sha256')
    .update(names.map((name) => `${name.length}:${name}`).join(''))
    .digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
