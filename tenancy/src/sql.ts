import { createHash } from 'node:crypto';
import { RefusedError } from './errors.ts';

/** A statement with its values apart: text with `$1…`, so that no value is ever part of the text. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Short label; the prepared statement is named label + hash of the text. Without it the text is parsed each time. */
  readonly label?: string | undefined;
}

class SqlText implements Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly label: string | undefined;
  constructor(text: string, values: readonly unknown[], label?: string) {
    this.text = text;
    this.values = values;
    this.label = label;
  }
}

const LABEL = /^[a-z][a-z0-9_]{0,53}$/;
const plain = new WeakMap<TemplateStringsArray, string>();

type Tag = (strings: TemplateStringsArray, ...values: unknown[]) => Statement;

/**
 * Makes a statement from a template: interpolated values become parameters, interpolated statements are spliced in
 * with their own values. `sql('contact_by_id')` gives a tag whose statements are prepared under that label
 * (lower case, at most 54 characters). There is no way to join a string into the text but `identifier()`.
 */
export function sql(label: string): Tag;
export function sql(strings: TemplateStringsArray, ...values: unknown[]): Statement;
export function sql(first: string | TemplateStringsArray, ...values: unknown[]): Statement | Tag {
  if (typeof first !== 'string') return build(first, values, undefined);
  if (!LABEL.test(first)) throw badLabel(first);
  return (strings, ...more) => build(strings, more, first);
}

function badLabel(label: string): RefusedError {
  return new RefusedError(`sql label '${label}': at most 54 lower-case letters, digits and _`);
}

/** Quotes a column, table or schema name that comes from a fixed list of the program, never from a caller. */
export function identifier(...names: string[]): Statement {
  return new SqlText(names.map((name) => `"${name.replaceAll('"', '""')}"`).join('.'), []);
}

/** Joins statements with a separator of SQL text, such as `and`; an empty list gives `otherwise`. */
export function joined(
  parts: readonly Statement[],
  separator: 'and' | 'or' | ',',
  otherwise: Statement = sql`true`,
): Statement {
  const [first, ...rest] = parts;
  if (first === undefined) return otherwise;
  return rest.reduce((all, part) => {
    if (separator === ',') return sql`${all}, ${part}`;
    return separator === 'and' ? sql`${all} and ${part}` : sql`${all} or ${part}`;
  }, first);
}

function build(strings: TemplateStringsArray, values: unknown[], label: string | undefined): Statement {
  if (!values.some((value) => value instanceof SqlText)) {
    let text = plain.get(strings);
    if (text === undefined) {
      text = strings.reduce((before, part, i) => (i === 0 ? part : `${before}$${i}${part}`), '');
      plain.set(strings, text);
    }
    return new SqlText(text, values, label);
  }
  let text = strings[0] ?? '';
  const all: unknown[] = [];
  values.forEach((value, i) => {
    if (value instanceof SqlText) {
      const offset = all.length;
      text += offset === 0 ? value.text : value.text.replace(/\$(\d+)/g, (_, n: string) => `$${Number(n) + offset}`);
      all.push(...value.values);
    } else {
      all.push(value);
      text += `$${all.length}`;
    }
    text += strings[i + 1] ?? '';
  });
  return new SqlText(text, all, label);
}

/**
 * Names the prepared statement: label, `_`, 8 hex digits of the text's SHA-256; at most 63 bytes.
 * @throws RefusedError for a label that is not as `sql` takes it.
 */
export function statementName(label: string, text: string): string {
  if (!LABEL.test(label)) throw badLabel(label);
  return `${label}_${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
}
