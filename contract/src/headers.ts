import { matching } from './text.ts';

/** A client's own name for one write: 1 to 128 visible ASCII characters. */
export const idempotencyKey = matching(
  /^[\x21-\x7e]{1,128}$/,
  'is not a usable key',
  'write 1 to 128 visible ASCII characters, a UUID for instance',
);

/** The strong validator of a record, its version in double quotes (RFC 9110, section 8.8.3). */
export function etag(version: number): string {
  return `"${version}"`;
}

/** The version that `If-Match` names, as a number. Lists, weak validators and `*` are refused (RFC 9110, 13.1.1). */
export const ifMatch = matching(
  /^"[1-9][0-9]{0,8}"$/,
  'is not one version',
  'write the version in double quotes, like "3", as `ETag` gave it',
).transform((text) => Number(text.slice(1, -1)));
