/** Finds the doors: source files that can reach the database without a tenant's seal. */

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blankComments, findImports, lineAt } from './imports.ts';

/** The shape of scripts/doors.json. */
export type Doors = {
  /** The length of `doors`, so that one more door is a change of this number too. */
  readonly most: number;
  /** Folders whose source is searched; `*.test.ts` and `test/` folders are not. */
  readonly in: readonly string[];
  /** Packages that give an unscoped connection when loaded; their types give none. */
  readonly packages: readonly string[];
  /** Regular expressions over source without comments. */
  readonly patterns: readonly string[];
  /** File -> why it may. */
  readonly doors: Readonly<Record<string, string>>;
};

/** Lists every door below a root as file -> what makes it one (`line 3: imports pg`). */
export function findDoors(root: string, { in: folders, packages, patterns }: Omit<Doors, 'doors' | 'most'>) {
  const found = new Map<string, string>();
  for (const path of folders.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root })).sort()) {
    if (path.endsWith('.test.ts') || path.includes('/test/')) continue;
    const source = readFileSync(join(root, path), 'utf8');
    const load = findImports(path, source).find(
      ({ specifier, typeOnly }) => !typeOnly && packages.some((name) => `${specifier}/`.startsWith(`${name}/`)),
    );
    const use = new RegExp(patterns.join('|')).exec(blankComments(path, source));
    if (load) found.set(path, `line ${load.line}: imports ${load.specifier}`);
    else if (use) found.set(path, `line ${lineAt(source, use.index)}: ${use[0]}`);
  }
  return found;
}
