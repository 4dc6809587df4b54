import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestServer } from './harness.ts';
import { loadAgent, loadTenants, runLoad } from './load.ts';

test('V54-V63, V111: 20,000 mixed requests of 20 tenants, 64 at once over 8 connections, never mix tenants nor leave a trace', async () => {
  const server = await startTestServer();
  const agent = loadAgent();
  const tenants = await loadTenants(server, 20, agent);
  const report = await runLoad(server, tenants, { requests: 20_000 });
  agent.destroy();
  assert.deepEqual(report.foreign, []);
  assert.deepEqual(report.faults, []);
  assert.equal(report.answers + report.aborted, 20_000);
  assert.ok(report.writes > 8_000 && report.aborted > 400, JSON.stringify({ ...report, foreign: 0, faults: 0 }));
});
