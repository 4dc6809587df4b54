import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runKills } from './kill.ts';

test('after kill -9 of server and of PostgreSQL every acknowledged write is there once, none half done, and SIGTERM leaves no process', async () => {
  const { acknowledged, resent, ...rest } = await runKills(['server', 'postgres', 'server']);
  assert.deepEqual(rest, { faults: [], exitCode: 0, databaseGone: true });
  assert.ok(acknowledged >= 160 && resent > 0, `${acknowledged} acknowledged, ${resent} sent again`);
});
