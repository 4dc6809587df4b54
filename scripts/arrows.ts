/**
 * `npm run arrows`: imports of the rooms go only where scripts/arrows.json lets them, point down the floors, form no
 * cycle at run time and name declared packages only.
 */

import { readFileSync } from 'node:fs';
import { join, matchesGlob, posix } from 'node:path';
import { type Edge, findCycles, type Graph, type Module, readGraph } from './module-graph.ts';

type Floor = { readonly name: string; readonly files: readonly string[] };
type Part = { readonly files: readonly string[]; readonly may: readonly string[] };

/** The allowed arrows: the shape of scripts/arrows.json. Patterns are globs, the first that fits counts. */
export type Arrows = {
  readonly rooms: Readonly<
    Record<
      string,
      {
        /** Rooms it may import, by their package names. */
        readonly rooms: readonly string[];
        /** Packages that its source may load; its tests may load whatever is declared. */
        readonly packages: readonly string[];
        /** Packages of which its source may use types. */
        readonly types?: readonly string[];
        /** False where the code must run in a browser. */
        readonly builtins?: boolean;
      }
    >
  >;
  /** Which files are tests: free of floors, never imported by source. */
  readonly tests: readonly string[];
  /** The only files that may import a computed name, which no check can follow. */
  readonly computed: readonly string[];
  /** Folder -> floors from the ground up; a file may import its own floor and those below. */
  readonly floors: Readonly<Record<string, readonly Floor[]>>;
  /** How the folders of one floor, the services, are built inside and what they may take from each other. */
  readonly services?: {
    readonly in: string;
    readonly floor: string;
    readonly parts: Readonly<Record<string, Part>>;
    /** Parts that another service may import. */
    readonly across: readonly string[];
  };
};

/** The name says which rule is broken, so that a test can ask for exactly that one. */
export type Finding = {
  readonly rule:
    | 'room'
    | 'relative'
    | 'package'
    | 'builtin'
    | 'undeclared'
    | 'missing'
    | 'computed'
    | 'test'
    | 'floor'
    | 'unplaced'
    | 'service'
    | 'cycle';
  /** `path:line`, or a path. */
  readonly at: string;
  readonly message: string;
};

const DATA = 'scripts/arrows.json';

type House = { readonly graph: Graph; readonly arrows: Arrows };
type Broken = Generator<readonly [rule: Finding['rule'], message: string]>;

/** Checks every file of the rooms below a root. @throws Error where a file does not parse. */
export function checkArrows(root: string, arrows: Arrows): { files: number; imports: number; findings: Finding[] } {
  const graph = readGraph(root, Object.keys(arrows.rooms));
  const house = { graph, arrows };
  const findings: Finding[] = [];
  let imports = 0;
  for (const module of graph.modules.values()) {
    imports += module.edges.length;
    for (const edge of module.edges) {
      for (const check of [brokenTargets, brokenFloors, brokenServices]) {
        for (const [rule, message] of check(house, module, edge)) {
          findings.push({ rule, at: `${module.path}:${edge.line}`, message });
        }
      }
    }
    if (placeOf(arrows, module.path) === 'nowhere') {
      const message = `is on no floor: add it to floors["${floorsFolder(arrows, module.path)}"] in ${DATA}`;
      findings.push({ rule: 'unplaced', at: module.path, message });
    }
  }
  const inhabited = new Set([...graph.modules.values()].map(({ room }) => room));
  for (const room of Object.keys(arrows.rooms)) {
    if (!inhabited.has(room)) findings.push({ rule: 'missing', at: room, message: 'is a room without source files' });
  }
  for (const workspace of graph.root.workspaces ?? []) {
    if (arrows.rooms[workspace]) continue;
    const message = `is no room: it needs a decision record and its arrows in ${DATA}`;
    findings.push({ rule: 'unplaced', at: workspace, message });
  }
  for (const cycle of findCycles(graph.modules)) {
    findings.push({ rule: 'cycle', at: cycle[0] ?? '', message: `imports itself: ${cycle.join(' -> ')}` });
  }
  return { files: graph.modules.size, imports, findings };
}

/** Where an import may lead: rooms, packages, Node, files that exist. */
function* brokenTargets({ graph, arrows }: House, from: Module, edge: Edge): Broken {
  const rules = arrows.rooms[from.room];
  const test = isTest(arrows, from.path);
  const { target } = edge;
  if (target.kind === 'missing') {
    yield ['missing', `${edge.specifier} leads nowhere: ${target.why}`];
  } else if (target.kind === 'computed') {
    if (!test && !arrows.computed.includes(from.path)) {
      yield ['computed', `no check follows a computed name: write it out, or list the file in ${DATA}`];
    }
  } else if (target.kind === 'builtin') {
    if (rules?.builtins === false && !test) {
      yield ['builtin', `${from.room} also runs in browsers: ${edge.specifier} is of Node`];
    }
  } else if (target.kind === 'package') {
    const { name } = target;
    const allowed = test || rules?.packages.includes(name) || (edge.typeOnly && rules?.types?.includes(name));
    if (!allowed) yield ['package', `${from.room} may not import ${name}: its packages are in ${DATA}`];
    if (!isDeclared(graph, from.room, name, test || edge.typeOnly)) yield undeclared(graph, from.room, name);
  } else {
    const room = target.path.split('/')[0] ?? '';
    const name = graph.manifests.get(room)?.name ?? room;
    if (!test && isTest(arrows, target.path)) yield ['test', `source imports ${target.path}, a test`];
    if (room === from.room) return;
    if (edge.specifier?.startsWith('.')) {
      yield ['relative', `${edge.specifier} leaves ${from.room}: import another room by its package name`];
    } else if (!rules?.rooms.includes(room)) {
      yield ['room', `${from.room} may not import ${room}: the arrows are in ${DATA}`];
    } else if (graph.manifests.get(from.room) !== graph.root && !isDeclared(graph, from.room, name, test)) {
      yield undeclared(graph, from.room, name);
    }
  }
}

function undeclared(graph: Graph, room: string, name: string): readonly ['undeclared', string] {
  const file = graph.manifests.get(room) === graph.root ? 'package.json' : `${room}/package.json`;
  return ['undeclared', `${name} is not declared in ${file}`];
}

/** Development dependencies and types packages count for tests, for types and for rooms that have the root's manifest. */
function isDeclared(graph: Graph, room: string, name: string, development: boolean): boolean {
  const own = graph.manifests.get(room) ?? {};
  const sets = [own.dependencies, own.peerDependencies, own.optionalDependencies];
  if (own === graph.root) sets.push(own.devDependencies);
  if (development) sets.push(own.devDependencies, graph.root.dependencies, graph.root.devDependencies);
  const names = development ? [name, `@types/${name.replace('@', '').replace('/', '__')}`] : [name];
  return sets.some((set) => names.some((wanted) => set?.[wanted] !== undefined));
}

function isTest(arrows: Arrows, path: string): boolean {
  return arrows.tests.some((pattern) => matchesGlob(path, pattern));
}

/** Imports inside one folder of floors point down or sideways. */
function* brokenFloors({ arrows }: House, from: Module, { target }: Edge): Broken {
  if (target.kind !== 'file') return;
  const folder = floorsFolder(arrows, from.path);
  if (folder === undefined || folder !== floorsFolder(arrows, target.path)) return;
  const here = placeOf(arrows, from.path);
  const there = placeOf(arrows, target.path);
  if (typeof here !== 'number' || typeof there !== 'number' || there <= here) return;
  const name = (index: number): string => arrows.floors[folder]?.[index]?.name ?? '';
  yield ['floor', `points up, from floor "${name(here)}" to ${target.path} on "${name(there)}"`];
}

function floorsFolder(arrows: Arrows, path: string): string | undefined {
  return Object.keys(arrows.floors).find((folder) => path.startsWith(`${folder}/`));
}

/** The floor of a file, counted from the ground; free where no floors are laid, nowhere where its line is missing. */
function placeOf(arrows: Arrows, path: string): number | 'free' | 'nowhere' {
  const folder = floorsFolder(arrows, path);
  if (folder === undefined || isTest(arrows, path)) return 'free';
  const inside = posix.relative(folder, path);
  const floors = arrows.floors[folder] ?? [];
  const place = floors.findIndex(({ files }) => files.some((pattern) => matchesGlob(inside, pattern)));
  return place < 0 ? 'nowhere' : place;
}

/** What the parts of a service take from each other and from other services. */
function* brokenServices({ arrows }: House, from: Module, { target }: Edge): Broken {
  const { services } = arrows;
  if (!services || target.kind !== 'file') return;
  const here = partOf(arrows, from.path);
  const there = partOf(arrows, target.path);
  if (!here || !there) return;
  if (here.service !== there.service) {
    if (services.across.includes(there.part)) return;
    yield ['service', `${here.service} imports ${target.path}, the ${there.part} of ${there.service}`];
  } else if (!services.parts[here.part]?.may.includes(there.part)) {
    yield ['service', `${here.part} may not import ${there.part}, here ${target.path}`];
  }
}

function partOf(arrows: Arrows, path: string): { service: string; part: string } | undefined {
  const { services } = arrows;
  const place = placeOf(arrows, path);
  if (!services || typeof place !== 'number' || !path.startsWith(`${services.in}/`)) return undefined;
  if (arrows.floors[services.in]?.[place]?.name !== services.floor) return undefined;
  const [service = '', ...rest] = posix.relative(services.in, path).split('/');
  const inside = rest.join('/');
  for (const [part, { files }] of Object.entries(services.parts)) {
    if (files.some((pattern) => matchesGlob(inside, pattern))) return { service, part };
  }
  return undefined;
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  const arrows = JSON.parse(readFileSync(join(root, DATA), 'utf8')) as Arrows;
  const { files, imports, findings } = checkArrows(root, arrows);
  for (const { rule, at, message } of findings) console.error(`${at}  ${rule}: ${message}`);
  console.log(`arrows: ${files} files, ${imports} imports, ${findings.length} findings`);
  process.exitCode = findings.length > 0 ? 1 : 0;
}
