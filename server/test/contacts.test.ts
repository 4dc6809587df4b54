import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onboardTenant, startTestServer } from './harness.ts';

const server = await startTestServer();
const a = await onboardTenant(server);

test('smoke', async () => {
  const made = await a.call('POST /v1/contacts', { body: { name: 'Ada' } });
  assert.equal(made.ok.name, 'Ada');
  const list = await a.call('GET /v1/contacts');
  console.log(list.ok.items.length);
  const bad = await a.call('POST /v1/contacts', { body: { name: 'Ada', id: 'x' } });
  console.log(bad.problem);
});
