import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type Doors, findDoors } from './doors.ts';

const root = join(import.meta.dirname, '..');
const doors = JSON.parse(readFileSync(join(import.meta.dirname, 'doors.json'), 'utf8')) as Doors;

test('only the files listed in scripts/doors.json can reach the database unscoped', () => {
  const unlisted = [...findDoors(root, doors)].filter(([path]) => doors.doors[path] === undefined);
  assert.deepEqual(unlisted, [], 'go through the tenancy, or argue for a new door in scripts/doors.json');
});

test('every listed door still is one, so that the list shrinks with the code', () => {
  const found = findDoors(root, doors);
  const closed = Object.keys(doors.doors).filter((path) => !found.has(path));
  assert.deepEqual(closed, [], 'take these out of scripts/doors.json and lower "most"');
});

test('the number of doors is committed beside the list, and each has its reason', () => {
  assert.equal(doors.most, Object.keys(doors.doors).length);
  for (const [path, why] of Object.entries(doors.doors)) assert.ok(why.length > 10, `${path} gives no reason`);
});

test('each way to an unscoped connection is seen, and types, comments and tests are not', () => {
  const tree = mkdtempSync(join(tmpdir(), 'doors-'));
  const plant: Record<string, string> = {
    'tenancy/src/pool.ts': "\nimport pg from 'pg';",
    'tenancy/src/lazy.ts': "export const pg = await import('pg');",
    'tenancy/src/again.ts': "export { Client } from 'pg/lib/client.js';",
    'tenancy/src/named.ts': "import { type Pool } from 'pg';",
    'server/src/crm/erase.ts': "\n\nawait tenancy.privileged('erase', run);",
    'server/src/boot.ts': 'connect(options.adminUrl);',
    'cli/src/migrate.ts': 'const open = openMigrator;',
    'cli/src/setup.ts': 'openAdmin(url);',
    'tenancy/src/types.ts': "import type { Pool } from 'pg'; // privileged(",
    'tenancy/src/doc.ts': '/** Never call privileged( here, nor read .adminUrl */\nexport const unprivileged = 1;',
    'tenancy/src/pool.test.ts': "import pg from 'pg';",
    'tenancy/test/all.ts': "import pg from 'pg';",
  };
  try {
    for (const [path, text] of Object.entries(plant)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text);
    }
    assert.deepEqual(Object.fromEntries(findDoors(tree, doors)), {
      'cli/src/migrate.ts': 'line 1: openMigrator',
      'cli/src/setup.ts': 'line 1: openAdmin',
      'server/src/boot.ts': 'line 1: .adminUrl',
      'server/src/crm/erase.ts': 'line 3: privileged(',
      'tenancy/src/again.ts': 'line 1: imports pg/lib/client.js',
      'tenancy/src/lazy.ts': 'line 1: imports pg',
      'tenancy/src/named.ts': 'line 1: imports pg',
      'tenancy/src/pool.ts': 'line 2: imports pg',
    });
  } finally {
    rmSync(tree, { recursive: true });
  }
});
