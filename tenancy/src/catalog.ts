import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type pg from 'pg';

const CATALOG = readFileSync(new URL('../sql/catalog.sql', import.meta.url), 'utf8');

/** What can run one statement without a scope: a migrator's or an admin's client. */
export type Runner = Pick<pg.ClientBase, 'query'>;

/** Reads the live catalog as sorted lines of text, equal on PostgreSQL 15 to 18 for an equal schema. */
export async function readCatalog(db: Runner): Promise<string[]> {
  const { rows } = await db.query<{ line: string }>(CATALOG);
  return rows.map(({ line }) => line);
}

/** Hashes catalog lines (SHA-256, hex). */
export function catalogHash(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/** Names the lines that only one side has, as `missing: …` and `unexpected: …`. */
export function catalogDifference(expected: readonly string[], actual: readonly string[]): string[] {
  const [want, have] = [new Set(expected), new Set(actual)];
  return [
    ...expected.filter((line) => !have.has(line)).map((line) => `missing: ${line}`),
    ...actual.filter((line) => !want.has(line)).map((line) => `unexpected: ${line}`),
  ];
}
