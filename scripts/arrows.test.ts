import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type Arrows, checkArrows } from './arrows.ts';
import { findImports } from './imports.ts';

const ours = JSON.parse(readFileSync(join(import.meta.dirname, 'arrows.json'), 'utf8')) as Arrows;

/** The rooms as they are committed, on floors of this test. */
const ARROWS: Arrows = {
  ...ours,
  computed: [],
  floors: {
    'tenancy/src': [
      { name: 'ground', files: ['errors.ts'] },
      { name: 'facade', files: ['tenancy.ts', 'index.ts'] },
    ],
    'server/src': [
      { name: 'services', files: ['crm/**', 'tenants/**'] },
      { name: 'composition', files: ['index.ts'] },
    ],
  },
  services: {
    in: 'server/src',
    floor: 'services',
    parts: {
      routes: { files: ['routes.ts'], may: ['routes', 'rules', 'store'] },
      store: { files: ['store.ts'], may: ['store', 'rules'] },
      rules: { files: ['**'], may: ['rules'] },
    },
    across: ['rules'],
  },
};

const CLEAN: Record<string, string> = {
  'package.json':
    '{ "workspaces": ["tenancy", "contract", "server", "cli", "bench"], "devDependencies": { "tsx": "1" } }',
  'tenancy/package.json':
    '{ "name": "@b/tenancy", "exports": { ".": "./src/index.ts" }, "peerDependencies": { "pg": "8" } }',
  'tenancy/src/errors.ts': 'import type { Tenancy } from "./errors.ts"; export class E extends Error { t?: Tenancy }',
  'tenancy/src/tenancy.ts': 'import pg from "pg"; import "node:fs"; import { E } from "./errors.ts"; export { pg, E };',
  'tenancy/src/index.ts': 'export * from "./tenancy.ts"; // import "./index.ts"',
  'tenancy/test/all.test.ts': 'import "tsx"; import "../src/index.ts"; await import(process.argv[1]);',
  'contract/package.json':
    '{ "name": "@b/contract", "exports": { ".": "./src/index.ts" }, "dependencies": { "zod": "4" } }',
  'contract/src/index.ts': 'import { z } from "zod"; export const A = z.string();',
  'server/package.json':
    '{ "name": "@b/server", "exports": { ".": "./src/index.ts" }, "dependencies": { "@b/tenancy": "1" } }',
  'server/src/crm/routes.ts': 'import "./rules.ts"; import "./store.ts"; import "../tenants/rules.ts";',
  'server/src/crm/rules.ts': '',
  'server/src/crm/store.ts': 'import { E } from "@b/tenancy"; export { E };',
  'server/src/tenants/rules.ts': 'const text = \'import "./nowhere.ts"\';',
  'server/src/tenants/store.ts': '',
  'server/src/index.ts': 'import "./crm/routes.ts"; import "./tenants/store.ts";',
  'cli/package.json': '{ "name": "@b/cli", "dependencies": { "@b/server": "1" } }',
  'cli/src/bos.ts': 'import "@b/server";',
  'bench/src/run.ts': '',
  'scripts/test.ts': 'import "@b/tenancy";',
};

/** Findings of a tree as `rule at`, after laying planted files over the clean tree. */
function check(planted: Record<string, string>, arrows: Arrows = ARROWS): string[] {
  const root = mkdtempSync(join(tmpdir(), 'arrows-'));
  try {
    for (const [path, text] of Object.entries({ ...CLEAN, ...planted })) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return checkArrows(root, arrows).findings.map(({ rule, at }) => `${rule} ${at}`);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('a tree that keeps the arrows has no finding', () => {
  assert.deepEqual(check({}), []);
});

const PLANTED: [name: string, files: Record<string, string>, findings: string[]][] = [
  ['an arrow against the data', { 'contract/src/index.ts': 'import "@b/tenancy";' }, ['room contract/src/index.ts:1']],
  [
    'an arrow of types only',
    { 'tenancy/src/errors.ts': '\nimport type {} from "@b/server";' },
    ['room tenancy/src/errors.ts:2'],
  ],
  [
    'a type in an import() expression',
    { 'contract/src/index.ts': 'type T = import("@b/tenancy").E;' },
    ['room contract/src/index.ts:1'],
  ],
  [
    'a relative path into another room',
    { 'cli/src/bos.ts': 'import "../../server/src/index.ts";' },
    ['relative cli/src/bos.ts:1'],
  ],
  [
    'an entry that is not exported',
    { 'cli/src/bos.ts': 'import "@b/server/crm/store.ts";' },
    ['missing cli/src/bos.ts:1'],
  ],
  ['a file that does not exist', { 'cli/src/bos.ts': 'import "./bos";' }, ['missing cli/src/bos.ts:1']],
  ['an undeclared room', { 'cli/src/bos.ts': 'import "@b/tenancy";' }, ['undeclared cli/src/bos.ts:1']],
  [
    'a package that the room may not use',
    { 'tenancy/src/errors.ts': 'import "zod";' },
    ['package tenancy/src/errors.ts:1', 'undeclared tenancy/src/errors.ts:1'],
  ],
  [
    'a package that is not declared',
    { 'server/src/index.ts': 'import "express";' },
    ['undeclared server/src/index.ts:1'],
  ],
  [
    'a development package in source',
    { 'scripts/test.ts': 'import "tsx";', 'tenancy/src/errors.ts': 'import "tsx";' },
    ['package tenancy/src/errors.ts:1', 'undeclared tenancy/src/errors.ts:1', 'package scripts/test.ts:1'],
  ],
  ['Node where browsers run', { 'contract/src/index.ts': 'import "node:fs";' }, ['builtin contract/src/index.ts:1']],
  ['a computed name', { 'cli/src/bos.ts': 'await import(process.argv[1]);' }, ['computed cli/src/bos.ts:1']],
  [
    'source that imports a test',
    { 'cli/src/bos.ts': 'import "./bos.test.ts";', 'cli/src/bos.test.ts': '' },
    ['test cli/src/bos.ts:1'],
  ],
  [
    'an arrow up the floors',
    { 'tenancy/src/errors.ts': 'import type {} from "./tenancy.ts";' },
    ['floor tenancy/src/errors.ts:1'],
  ],
  ['a file on no floor', { 'tenancy/src/new.ts': '' }, ['unplaced tenancy/src/new.ts']],
  [
    'a store of another service',
    { 'server/src/crm/rules.ts': 'import "../tenants/store.ts";' },
    ['service server/src/crm/rules.ts:1'],
  ],
  [
    'rules that reach for routes',
    { 'server/src/tenants/rules.ts': 'import type {} from "./routes.ts";', 'server/src/tenants/routes.ts': '' },
    ['service server/src/tenants/rules.ts:1'],
  ],
  [
    'a cycle',
    { 'cli/src/bos.ts': 'import "./b.ts";', 'cli/src/b.ts': 'export * from "./bos.ts";' },
    ['cycle cli/src/b.ts'],
  ],
  [
    'a cycle through a dynamic import and a name that is a type',
    { 'cli/src/bos.ts': 'await import("./b.ts");', 'cli/src/b.ts': 'import { type B } from "./bos.ts";' },
    ['cycle cli/src/b.ts'],
  ],
  ['an unknown room', { 'package.json': CLEAN['package.json']?.replace('"cli"', '"attic"') ?? '' }, ['unplaced attic']],
];

for (const [name, files, findings] of PLANTED) {
  test(`${name} is found, and nothing else`, () => assert.deepEqual(check(files), findings));
}

test('a cycle of types only is none, since Node loads nothing', () => {
  const files = { 'cli/src/bos.ts': 'import type {} from "./b.ts";', 'cli/src/b.ts': 'import "./bos.ts";' };
  assert.deepEqual(check(files), []);
});

test('two knots are two cycles, each told once by a shortest path', () => {
  const files = {
    'cli/src/a.ts': 'import "./b.ts";',
    'cli/src/b.ts': 'import "./c.ts"; import "./a.ts";',
    'cli/src/c.ts': 'import "./a.ts"; import "./d.ts";',
    'cli/src/d.ts': 'import "./e.ts";',
    'cli/src/e.ts': 'import "./d.ts";',
  };
  assert.deepEqual(check(files), ['cycle cli/src/a.ts', 'cycle cli/src/d.ts']);
});

test('a room without source files is found, so that an empty check cannot pass', () => {
  const attic = { ...ARROWS, rooms: { ...ARROWS.rooms, attic: { rooms: [], packages: [] } } };
  assert.deepEqual(check({}, attic), ['missing attic']);
});

test('a file that does not parse stops the check with its path and line', () => {
  assert.throws(() => findImports('a.ts', 'const a = 1;\nimport {'), /^Error: a\.ts:2 does not parse/);
});
