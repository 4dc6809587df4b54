import type { FieldProblem } from '@businessos/contract';

export type BodyRefusal =
  | 'empty'
  | 'media_type'
  | 'too_large'
  | 'not_utf8'
  | 'syntax'
  | 'depth'
  | 'entries'
  | 'duplicate'
  | 'key'
  | 'string'
  | 'number';

const codes = { media_type: 'MEDIA_TYPE_UNSUPPORTED', too_large: 'BODY_TOO_LARGE' } as const;

/** A body that is not taken: which field, what is wrong, what to do; never repeats a value that was sent. */
export class BodyError extends Error implements FieldProblem {
  readonly code: 'BODY_INVALID' | 'BODY_TOO_LARGE' | 'MEDIA_TYPE_UNSUPPORTED';
  readonly reason: BodyRefusal;
  readonly field: string;
  readonly problem: string;
  readonly fix: string;

  constructor(reason: BodyRefusal, field: string, problem: string, fix: string) {
    super(`${field} ${problem}`);
    this.name = 'BodyError';
    this.code = reason === 'media_type' || reason === 'too_large' ? codes[reason] : 'BODY_INVALID';
    this.reason = reason;
    this.field = field;
    this.problem = problem;
    this.fix = fix;
  }
}

/** `maxDepth` counts nested containers; `maxEntries` counts keys and list entries of all containers together. */
export type JsonLimits = { maxDepth: number; maxEntries: number };

type Frame = { keys: Set<string> | undefined; key: string; index: number };

/**
 * Parses JSON (RFC 8259) as `JSON.parse` does, and refuses what it lets pass: a key given twice, `__proto__` as a key
 * in any spelling, NUL and half surrogate pairs in strings, numbers beyond ±(2^53 - 1), too many levels or entries.
 * @throws BodyError that names the place by its path, `owner.email` or `items.0`
 */
export function parseJsonText(text: string, limits: JsonLimits): unknown {
  const parsed = tryParse(text);
  if (!parsed.ok) {
    throw new BodyError('syntax', 'body', `is not valid JSON${parsed.where}`, 'send one JSON value (RFC 8259)');
  }
  inspect(text, limits);
  return parsed.value;
}

/** Keeps only the position from the message of V8, which repeats parts of the body; so it is no `cause` either. */
function tryParse(text: string): { ok: true; value: unknown } | { ok: false; where: string } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    const position = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined;
    return { ok: false, where: position === undefined ? '' : ` at character ${position}` };
  }
}

/** Walks over text that JSON.parse has accepted, so it looks for nothing that grammar excludes. */
function inspect(text: string, { maxDepth, maxEntries }: JsonLimits): void {
  const stack: Frame[] = [];
  let entries = 0;
  let keyIsNext = false;
  for (let at = 0; at < text.length; at++) {
    const top = stack[stack.length - 1];
    switch (text[at]) {
      case '{':
      case '[': {
        keyIsNext = text[at] === '{';
        if (stack.length === maxDepth) {
          throw new BodyError('depth', pathOf(stack), 'is nested too deeply', `send at most ${maxDepth} levels`);
        }
        stack.push({ keys: keyIsNext ? new Set() : undefined, key: '', index: 0 });
        entries++;
        break;
      }
      case '}':
      case ']':
        stack.pop();
        keyIsNext = false;
        break;
      case ',':
        if (top) top.index++;
        keyIsNext = top?.keys !== undefined;
        entries++;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (keyIsNext && top?.keys) {
          enterKey(stack, top, top.keys, text.slice(at, end + 1));
          keyIsNext = false;
        } else checkString(stack, text.slice(at, end + 1));
        at = end;
        break;
      }
      case '-':
      case '0':
      case '1':
      case '2':
      case '3':
      case '4':
      case '5':
      case '6':
      case '7':
      case '8':
      case '9': {
        const end = endOfNumber(text, at);
        if (Math.abs(Number(text.slice(at, end))) > Number.MAX_SAFE_INTEGER) {
          throw new BodyError(
            'number',
            pathOf(stack),
            'is too large a number',
            'send it as a string, or a smaller one',
          );
        }
        at = end - 1;
      }
    }
    if (entries > maxEntries) {
      throw new BodyError('entries', 'body', 'has too many entries', `send at most ${maxEntries}`);
    }
  }
}

function enterKey(stack: Frame[], top: Frame, keys: Set<string>, literal: string): void {
  const key = stringOf(literal);
  top.key = key;
  checkString(stack, literal);
  if (keys.has(key)) throw new BodyError('duplicate', pathOf(stack), 'is given twice', 'give it once');
  if (key === '__proto__') throw new BodyError('key', pathOf(stack), 'is not a field of any request', 'remove it');
  keys.add(key);
}

/** The bytes were UTF-8 and JSON takes no raw control character, so only an escape can bring in what is looked for. */
function checkString(stack: Frame[], literal: string): void {
  if (!literal.includes('\\u')) return;
  const value = stringOf(literal);
  if (value.includes('\0')) throw new BodyError('string', pathOf(stack), 'holds a NUL character', 'remove it');
  if (!value.isWellFormed()) {
    throw new BodyError('string', pathOf(stack), 'holds half of a surrogate pair', 'send whole characters');
  }
}

function stringOf(literal: string): string {
  return literal.includes('\\') ? JSON.parse(literal) : literal.slice(1, -1);
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let before = end;
    while (text[before - 1] === '\\') before--;
    if ((end - before) % 2 === 0) return end;
  }
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && '0123456789+-.eE'.includes(text[end] ?? '')) end++;
  return end;
}

/** Names a place by keys and indexes, made safe to show: a half pair becomes U+FFFD, the end is cut off. */
function pathOf(stack: Frame[]): string {
  const path = stack.map((frame) => (frame.keys ? frame.key : frame.index)).join('.');
  return path.toWellFormed().replaceAll('\0', '\u{fffd}').slice(0, 100) || 'body';
}
