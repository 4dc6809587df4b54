import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStage } from './stage.ts';
import { notices, takeAway } from './teeth.ts';

test('the control: nothing taken away, nothing noticed', async () => {
  const stage = await openStage();
  assert.deepEqual(await notices(stage, ''), { matrix: [], attestation: '' });
});

// one table of each role; the others are in teeth.slow.test.ts
takeAway(['crm.contacts', 'identity.sessions'], true);

test('force matters: the owner of a table that is not forced sees every tenant', async () => {
  const stage = await openStage();
  const seen = async () =>
    (await stage.db.admin.query('select count(distinct tenant_id)::int as n from crm.contacts')).rows[0].n;
  await stage.db.admin.query('set role bos_owner');
  await assert.rejects(seen(), { code: '42501' });
  await stage.db.admin.query('reset role; alter table crm.contacts no force row level security; set role bos_owner');
  assert.equal(await seen(), 2);
  await stage.db.admin.query('reset role');
});
