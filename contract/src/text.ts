import { z } from 'zod';

/** Matches a UUID in either case (RFC 9562, section 4), of any version: ids may be derived, not only random. */
const uuidPattern = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

/** Dot-atom of RFC 5322 at a host name of two or more labels; at most 64 characters before the @ (RFC 5321, 4.5.3.1). */
const emailPattern =
  /^(?=[^@]{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+(?:[A-Za-z]{2,63}|[Xx][Nn]--[A-Za-z0-9-]{1,59})$/;

const domainPattern = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})$/;

/** Tells whether a text can be stored and shown on one line: no control character, line separator or half a pair. */
export function isPlain(text: string): boolean {
  return text.isWellFormed() && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text);
}

/** Builds a string schema that a pattern decides, with its own words for the refusal; the pattern is published. */
export function matching(pattern: RegExp, problem: string, fix: string) {
  return z
    .string()
    .refine((text) => pattern.test(text), { error: problem, params: { fix }, abort: true })
    .meta({ pattern: pattern.source });
}

/**
 * Builds a schema for one visible line of at most `max` UTF-16 units: trimmed, normalised to NFC, with at least one
 * letter, digit, mark of punctuation or symbol; control characters, NUL and half surrogate pairs are refused.
 */
export function line(max: number) {
  return z
    .string()
    .trim()
    .refine(isPlain, {
      error: 'holds a control character or half of a character',
      params: { fix: 'remove it' },
      abort: true,
    })
    .refine((text) => /[\p{L}\p{N}\p{P}\p{S}]/u.test(text), {
      error: 'is empty',
      params: { fix: 'write at least one visible character' },
      abort: true,
    })
    .normalize('NFC')
    .max(max)
    .meta({ minLength: 1 });
}

/** A UUID, answered in lower case. */
export const uuid = matching(uuidPattern, 'is not a UUID', 'write 32 hexadecimal digits in the form 8-4-4-4-12')
  .toLowerCase()
  .meta({ format: 'uuid' });

/** An e-mail address of at most 254 ASCII characters, as it was typed. */
export const email = z
  .string()
  .trim()
  .max(254, { abort: true })
  .refine((text) => emailPattern.test(text), {
    error: 'is not an e-mail address',
    params: { fix: 'write it like name@example.com' },
  })
  .meta({ format: 'email' });

/** A host name of two or more labels in lower case, without scheme, port or path. */
export const domain = z
  .string()
  .trim()
  .max(253, { abort: true })
  .toLowerCase()
  .refine((text) => domainPattern.test(text), {
    error: 'is not a domain',
    params: { fix: 'write only the host name, like example.com' },
  })
  .meta({ format: 'hostname' });

/**
 * An instant between 1900 and 2199 with its offset (RFC 3339), answered in UTC with milliseconds.
 * The bound keeps years that PostgreSQL or `Date` write differently (0000, 10000) out of the tables.
 */
export const instant = z.iso
  .datetime({ offset: true, abort: true })
  .refine((text) => /^(?:19|2[01])/.test(toUtc(text)), {
    error: 'is outside the years 1900 to 2199',
    params: { fix: 'write a year from 1900 to 2199' },
    abort: true,
  })
  .overwrite(toUtc);

function toUtc(text: string): string {
  return new Date(text).toISOString();
}

/** An instant as answers give it: UTC with milliseconds. */
export const timestamp = z.iso.datetime({ precision: 3 });

/** The number of a row's present state: 1 at first, one more with each change. */
export const version = z.int().min(1).max(2_147_483_647);

/** One page of a list: `next` is the cursor of the page after, or null. */
export function page<S extends z.ZodType>(item: S) {
  return z.strictObject({ items: z.array(item), next: z.string().nullable() });
}
