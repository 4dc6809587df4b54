import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { catalogDifference, readCatalog } from '@businessos/tenancy/admin';
import { testDatabase } from '@businessos/tenancy/testing';
import { migrations, productLogins, setupSql } from '../src/database.ts';

const GOLDEN = new URL('../schema.sql', import.meta.url);
const HEADER = `-- The schema of a freshly migrated database, one line an object, as the catalog tells it (tenancy/sql/catalog.sql).
-- Compared by a test with a database of its own, and as a hash by every server at start; not to be executed.
-- After a migration: BOS_UPDATE=1 npm test -- server/test/schema.test.ts, and read the diff.
`;

test('the golden schema is the catalog of a freshly migrated database, on every supported version alike', async () => {
  const db = await testDatabase({ migrations: [migrations], setupSql: [setupSql], logins: productLogins });
  const live = await readCatalog(db.admin);
  if (process.env['BOS_UPDATE'] === '1') writeFileSync(GOLDEN, `${HEADER}${live.join('\n')}\n`);
  const golden = readFileSync(GOLDEN, 'utf8').slice(HEADER.length).trimEnd().split('\n');
  assert.deepEqual(catalogDifference(golden, live), []);
});
