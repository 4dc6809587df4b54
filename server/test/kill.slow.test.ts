import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runKills, type Victim } from './kill.ts';

test('after 15 kills -9 of server, of PostgreSQL and of both every acknowledged write is there once and none half done', async () => {
  const round: Victim[] = ['server', 'postgres', 'both', 'postgres', 'server'];
  const { acknowledged, resent, ...rest } = await runKills([...round, ...round, ...round]);
  assert.deepEqual(rest, { faults: [], exitCode: 0, databaseGone: true });
  assert.ok(acknowledged >= 640 && resent > 0, `${acknowledged} acknowledged, ${resent} sent again`);
});
