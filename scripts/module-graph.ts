/** Reads the rooms' files into a graph of resolved imports, and finds cycles in it. */

import { existsSync, globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import { findImports, type Import } from './imports.ts';

/** What an import leads to. Paths are relative to the root, with `/`. */
export type Target =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'builtin' }
  | { readonly kind: 'package'; readonly name: string }
  | { readonly kind: 'computed' }
  | { readonly kind: 'missing'; readonly why: string };

export type Edge = Import & { readonly target: Target };
export type Module = { readonly path: string; readonly room: string; readonly edges: readonly Edge[] };

/** The parts of a package.json that decide what may be imported. */
export type Manifest = {
  name?: string;
  workspaces?: string[];
  exports?: Record<string, string | Record<string, string>>;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
};

export type Graph = {
  readonly modules: ReadonlyMap<string, Module>;
  /** By room; a room without a package.json of its own (scripts) has the root's. */
  readonly manifests: ReadonlyMap<string, Manifest>;
  readonly root: Manifest;
};

const SOURCES = '**/*.{ts,mts,mjs,js}';

/** Reads every source file of the rooms. @throws Error where a file does not parse. */
export function readGraph(root: string, rooms: readonly string[]): Graph {
  const rootManifest = readManifest(root) ?? {};
  const manifests = new Map(rooms.map((room) => [room, readManifest(join(root, room)) ?? rootManifest]));
  const modules = new Map<string, Module>();
  for (const room of rooms) {
    for (const file of globSync(SOURCES, { cwd: join(root, room), exclude: ['**/node_modules/**'] }).sort()) {
      const path = posix.join(room, file.replaceAll('\\', '/'));
      const edges = findImports(path, readFileSync(join(root, path), 'utf8')).map((found) => ({
        ...found,
        target: resolve(root, manifests, path, found.specifier),
      }));
      modules.set(path, { path, room, edges });
    }
  }
  return { modules, manifests, root: rootManifest };
}

function readManifest(folder: string): Manifest | undefined {
  const path = join(folder, 'package.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Manifest) : undefined;
}

function resolve(
  root: string,
  manifests: ReadonlyMap<string, Manifest>,
  from: string,
  specifier: string | undefined,
): Target {
  if (specifier === undefined) return { kind: 'computed' };
  if (specifier.startsWith('.')) {
    const path = posix.join(posix.dirname(from), specifier);
    if (existsSync(join(root, path))) return { kind: 'file', path };
    return { kind: 'missing', why: `there is no ${path}: write the path with its ending` };
  }
  if (isBuiltin(specifier)) return { kind: 'builtin' };
  const [scope = '', second = ''] = specifier.split('/');
  const name = scope.startsWith('@') ? `${scope}/${second}` : scope;
  for (const [room, manifest] of manifests) {
    if (manifest.name !== name) continue;
    const entry = `.${specifier.slice(name.length)}`;
    const target = manifest.exports?.[entry];
    const file = typeof target === 'string' ? target : (target?.['default'] ?? target?.['import']);
    if (file !== undefined) return { kind: 'file', path: posix.join(room, file) };
    return { kind: 'missing', why: `${room}/package.json exports no "${entry}"` };
  }
  return { kind: 'package', name };
}

/**
 * Finds cycles among imports that run: one shortest cycle for each knot (strongly connected component), as a path that
 * ends where it starts. Statements that are types only do not count; a dynamic import does.
 */
export function findCycles(modules: ReadonlyMap<string, Module>): string[][] {
  const next = new Map<string, string[]>();
  for (const { path, edges } of modules.values()) {
    const targets = edges.flatMap(({ typeOnly, target }) => (!typeOnly && target.kind === 'file' ? [target.path] : []));
    next.set(path, [...new Set(targets)].filter((target) => modules.has(target)).sort());
  }
  const done = new Set<string>();
  const cycles: string[][] = [];
  for (const start of [...next.keys()].sort()) {
    if (done.has(start)) continue;
    const cycle = shortestCycle(next, start);
    if (!cycle) continue;
    cycles.push(cycle);
    for (const path of knotOf(next, start)) done.add(path);
  }
  return cycles;
}

function shortestCycle(next: ReadonlyMap<string, string[]>, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const path of queue) {
    for (const target of next.get(path) ?? []) {
      if (target === start) {
        const cycle = [path];
        for (let at = path; at !== start; cycle.unshift(at)) at = cameFrom.get(at) ?? start;
        return [...cycle, start];
      }
      if (cameFrom.has(target)) continue;
      cameFrom.set(target, path);
      queue.push(target);
    }
  }
  return undefined;
}

function knotOf(next: ReadonlyMap<string, string[]>, start: string): string[] {
  return [...reach(next, start)].filter((path) => reach(next, path).has(start));
}

function reach(next: ReadonlyMap<string, string[]>, start: string): Set<string> {
  const seen = new Set([start]);
  for (const path of seen) for (const target of next.get(path) ?? []) seen.add(target);
  return seen;
}
