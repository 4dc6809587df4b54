import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FieldProblem } from '@businessos/contract';
import { hash, verify } from '@node-rs/argon2';
import { boundedQueue } from './bounded-queue.ts';

/** OWASP Password Storage: argon2id with 19 MiB, 2 passes, 1 lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const PREFIX = `$argon2id$v=19$m=${COST.memoryCost},t=${COST.timeCost},p=${COST.parallelism}$`;
const LEAST = 12;
const MOST = 200;
/** What so many characters take at most in UTF-8. */
const MOST_BYTES = MOST * 4;
const HASH_BYTES = 8;

/** Of the present cost, and of no password: its digest is random. */
const NOBODY = PREFIX + [16, 32].map((bytes) => randomBytes(bytes).toString('base64').replaceAll('=', '')).join('$');
/** Each hash takes 19 MiB and a thread: two at once leave the other threads of the pool to the rest of the process. */
const inTurn = boundedQueue(2, 32);
/** Sorted, so that it is searched as it lies in the file; made by scripts/common-passwords.ts. */
const common = readFileSync(new URL('../../assets/common-passwords.bin', import.meta.url));

/**
 * Hashes a password that `passwordProblem` accepted, as a PHC string with its own salt; canonically equal spellings
 * (Unicode NFC) are one password. Takes about 10 ms of a thread and may wait, so never inside a transaction.
 * @throws Refusal BUSY when too many hashes of this process wait; RangeError for more bytes than the policy allows.
 */
export async function hashPassword(text: string): Promise<string> {
  const bytes = Buffer.from(text.normalize('NFC'));
  if (bytes.length > MOST_BYTES) throw new RangeError(`password: more than ${MOST_BYTES} bytes`);
  return await inTurn(() => hash(bytes, COST));
}

/**
 * Says whether the text is the hash's password. Without a hash it does the same work and answers false, so that time
 * does not tell who is known here.
 * @throws Refusal BUSY as `hashPassword`; an Error when the hash is no argon2 hash.
 */
export async function verifyPassword(hashed: string | null, text: string): Promise<boolean> {
  const bytes = Buffer.from(text.normalize('NFC'));
  const same = await inTurn(() => verify(hashed ?? NOBODY, bytes.subarray(0, MOST_BYTES)));
  return same && bytes.length <= MOST_BYTES;
}

/** Says whether the hash was made at another cost than today's: hash anew when its password is at hand. */
export function needsRehash(hashed: string): boolean {
  return !hashed.startsWith(PREFIX);
}

/**
 * Says what is wrong with a new password, or undefined: 12 to 200 characters (code points of its NFC) of any kind, not
 * a common one, not made of nothing but the person's e-mail, its local part, the slug and the name of the business,
 * in whatever order, case and punctuation.
 */
export function passwordProblem(
  text: string,
  own: { email: string; slug?: string; name?: string },
): FieldProblem | undefined {
  const refuse = (problem: string, fix: string): FieldProblem => ({ field: 'password', problem, fix });
  const long = refuse(`has more than ${MOST} characters`, `choose ${LEAST} to ${MOST} characters`);
  if (text.length > MOST_BYTES * 2) return long; // not worth normalising
  const normal = text.normalize('NFC');
  if (!normal.isWellFormed()) return refuse('has half a character', 'type it anew');
  const { length } = [...normal];
  if (length > MOST) return long;
  if (length < LEAST) {
    return refuse(
      `has fewer than ${LEAST} characters`,
      `choose at least ${LEAST} characters; a few unrelated words do well`,
    );
  }
  if (isCommon(normal)) {
    return refuse(
      'is on the list of common passwords',
      'choose one that nobody else would; a few unrelated words do well',
    );
  }
  const words = [own.email, own.email.replace(/@.*$/, ''), own.slug ?? '', own.name ?? ''].map(letters);
  if (madeOf(letters(normal), words)) {
    return refuse(
      'is only your e-mail, or the address or name of your business',
      'add words that have nothing to do with them',
    );
  }
  return undefined;
}

/** The list is of lower-case texts: `Password1234` is as common as `password1234`. */
function isCommon(normal: string): boolean {
  const wanted = createHash('sha256').update(normal.toLowerCase()).digest().subarray(0, HASH_BYTES);
  let low = 0;
  let high = common.length / HASH_BYTES;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = middle * HASH_BYTES;
    const order = common.compare(wanted, 0, HASH_BYTES, at, at + HASH_BYTES);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return false;
}

/** Letters and digits in one case and one width. */
function letters(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]/gu, '');
}

/** Says whether the text is one or more of the words in a row; not by a regular expression, whose time has no bound. */
function madeOf(text: string, words: readonly string[]): boolean {
  const ends = new Set([0]);
  for (let at = 0; at < text.length; at++) {
    if (!ends.has(at)) continue;
    for (const word of words) if (word !== '' && text.startsWith(word, at)) ends.add(at + word.length);
  }
  return text !== '' && ends.has(text.length);
}
