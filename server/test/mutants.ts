import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import type { startServer } from '../src/start.ts';

/** A change of the kernel's source: the file below tenancy/src, a text that must be there, and what comes instead. */
export type Edit = readonly [file: string, from: string, to: string];

const ROOT = join(import.meta.dirname, '../..');

/**
 * Copies kernel and server into a folder that git ignores, changes the copy, and loads the server on the changed
 * kernel into this process.
 * @throws Error when a text is no longer there, so that a test of a defect cannot outlive the code that it breaks
 */
export async function loadMutant(edits: readonly Edit[]): Promise<typeof startServer> {
  // inside the tree, where packages resolve; not below node_modules, where Node runs no TypeScript
  const folder = mkdtempSync(join(import.meta.dirname, '.mutant-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'node_modules/@businessos'), { recursive: true });
  for (const room of ['tenancy', 'server']) {
    for (const part of ['package.json', 'src', 'sql', room === 'server' ? 'assets' : 'lints']) {
      cpSync(join(ROOT, room, part), join(folder, room, part), { recursive: true });
    }
    symlinkSync(join(folder, room), join(folder, 'node_modules/@businessos', room));
  }
  symlinkSync(join(ROOT, 'contract'), join(folder, 'node_modules/@businessos/contract'));
  for (const [file, from, to] of edits) {
    const path = join(folder, file.startsWith('server/') ? file : join('tenancy/src', file));
    const source = readFileSync(path, 'utf8');
    if (!source.includes(from)) throw new Error(`${file} holds no longer: ${from}`);
    writeFileSync(path, source.replaceAll(from, to));
  }
  const module = (await import(join(folder, 'server/src/start.ts'))) as { startServer: typeof startServer };
  return module.startServer;
}
