import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after } from 'node:test';
import { pathToFileURL } from 'node:url';

/** A text of a source file that must be there once, and what comes instead. */
export type Edit = readonly [from: string | RegExp, to: string];

const SOURCE = join(import.meta.dirname, '../../src');
// inside the tree, where packages resolve; git and the linters pass it over
const folder = mkdtempSync(join(import.meta.dirname, '.mutant-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let copies = 0;

/**
 * Loads one module of the server from a changed copy; all that it imports is the product's own.
 * @throws Error when a text is no longer there, so that a test of a defect cannot outlive the code that it breaks
 */
export async function loadChanged<T>(file: string, edits: readonly Edit[]): Promise<T> {
  const path = join(SOURCE, file);
  let text = readFileSync(path, 'utf8');
  for (const [from, to] of edits) {
    if (text.split(from).length !== 2) throw new Error(`${file} holds no longer, or not once: ${from}`);
    text = text.replace(from, () => to);
  }
  text = text.replace(/ from '(\.[^']+)'/g, (_, to: string) => ` from '${pathToFileURL(join(dirname(path), to))}'`);
  const copy = join(folder, `${++copies}-${basename(file)}`);
  writeFileSync(copy, text);
  return (await import(pathToFileURL(copy).href)) as T;
}
