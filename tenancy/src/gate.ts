import { RefusedError } from './errors.ts';

const DATA = new Set(['select', 'insert', 'update', 'delete', 'merge', 'with', 'values', 'table']);
const READS = new Set(['select', 'values', 'table']);

/**
 * Returns the first keyword of a statement in lower case, after blanks, `--` comments, nested block comments and
 * opening parentheses, as PostgreSQL's scanner sees it; '' where there is none.
 */
export function firstKeyword(text: string): string {
  const start = skipBlank(text, 0, true);
  let end = start;
  while (end < text.length && isWord(text.charCodeAt(end))) end++;
  return text.slice(start, end).toLowerCase();
}

/** Says whether the statement may run as one scoped statement, and whether it needs the principal of a write. */
export function checkStatement(text: string): { keyword: string; writes: boolean } {
  refuseNul(text);
  const keyword = firstKeyword(text);
  if (!DATA.has(keyword)) {
    throw new RefusedError(
      `a scoped statement begins with ${[...DATA].join(', ')}; this one ${keyword === '' ? 'is empty' : `begins with something else`}`,
    );
  }
  return { keyword, writes: !READS.has(keyword) };
}

/** What a statement inside a lease does to its transaction; anything not matched as a whole is refused. */
export type Command =
  | { kind: 'data'; writes: boolean }
  | { kind: 'begin'; text: string }
  | { kind: 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollbackTo' | 'constraints'; text: string };

const NAME = '(?:[a-z_][a-z0-9_]{0,62}|"[A-Za-z0-9_ -]{1,63}")';
const MODE =
  '(?:isolation level (?:serializable|repeatable read|read committed|read uncommitted)|read (?:only|write)|(?:not )?deferrable)';
const MODES = `(?: ${MODE}(?:(?:,| ,)? ${MODE})*)?`;
const COMMANDS: [RegExp, Exclude<Command['kind'], 'data'>][] = [
  [new RegExp(`^(?:begin(?: transaction| work)?|start transaction)${MODES}$`), 'begin'],
  [/^(?:commit|end)(?: transaction| work)?$/, 'commit'],
  [/^(?:rollback|abort)(?: transaction| work)?$/, 'rollback'],
  [new RegExp(`^savepoint ${NAME}$`, 'i'), 'savepoint'],
  [new RegExp(`^release(?: savepoint)? ${NAME}$`, 'i'), 'release'],
  [new RegExp(`^rollback(?: transaction| work)? to(?: savepoint)? ${NAME}$`, 'i'), 'rollbackTo'],
  [/^set constraints all (?:deferred|immediate)$/, 'constraints'],
];

/** Classifies a statement of a lease, or throws RefusedError. Transaction commands match as a whole or not at all. */
export function checkCommand(text: string): Command {
  refuseNul(text);
  const keyword = firstKeyword(text);
  if (DATA.has(keyword)) return { kind: 'data', writes: !READS.has(keyword) };
  const trimmed = text.replace(/^[ \t\n\r\f\v]+|[ \t\n\r\f\v]*;?[ \t\n\r\f\v]*$/g, '');
  // toLowerCase() makes a k of the Kelvin sign, PostgreSQL does not
  const flat = /^[ -~\t\n\v\f\r]*$/.test(trimmed) && !trimmed.includes('"') ? trimmed.toLowerCase() : trimmed;
  for (const [pattern, kind] of COMMANDS) {
    if (pattern.test(flat.replace(/[ \t\n\r\f]+/g, ' '))) return { kind, text: trimmed } as Command;
  }
  throw new RefusedError(
    'inside a lease only data statements, begin, commit, rollback, savepoints and set constraints run',
  );
}

/** On the wire a NUL ends the text early: what was checked would not be what runs. */
function refuseNul(text: string): void {
  if (text.includes('\0')) throw new RefusedError('a statement may not hold a NUL character');
}

function isWord(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    code === 95 ||
    (code >= 48 && code <= 57) ||
    code === 36 ||
    code > 127
  );
}

/** Skips what PostgreSQL's scanner treats as white space; an unclosed comment swallows the rest. */
function skipBlank(text: string, from: number, parentheses: boolean): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === 32 || (code >= 9 && code <= 13) || (parentheses && code === 40)) {
      at++;
    } else if (code === 45 && text.charCodeAt(at + 1) === 45) {
      while (at < text.length && text.charCodeAt(at) !== 10 && text.charCodeAt(at) !== 13) at++;
    } else if (code === 47 && text.charCodeAt(at + 1) === 42) {
      at = skipComment(text, at);
    } else {
      return at;
    }
  }
}

function skipComment(text: string, from: number): number {
  let depth = 1;
  let at = from + 2;
  while (at < text.length && depth > 0) {
    if (text.startsWith('/*', at)) {
      depth++;
      at += 2;
    } else if (text.startsWith('*/', at)) {
      depth--;
      at += 2;
    } else {
      at++;
    }
  }
  return at;
}
