import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Feed, type FeedRead } from '../../src/identity/feed.ts';
import { addKey, openStage } from '../routes/stage.ts';

const stage = await openStage();
const { server, home, other } = stage;

test('business code may run four functions of ours, of which none touches what tenants share', async () => {
  const { rows } = await server.db.admin.query<{ name: string }>(
    `select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and has_function_privilege('bos_app', p.oid, 'execute')
       and has_schema_privilege('bos_app', n.oid, 'usage') order by 1`,
  );
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['audit.note(text,text,text)', 'tenancy.claimed_tenant()', 'tenancy.current_tenant()', 'tenancy.writing_tenant()'],
  );
});

test('while a tenant’s statement does its worst, another one revokes a key', async () => {
  const { tenancy } = server.platform;
  const worst = tenancy.withTenant(other.id, 's:attack', () =>
    tenancy.transaction(async (tx) => {
      await tx.query({ text: "select audit.note('attack', 'x', '{}')", values: [] }, { writes: true });
      await tx
        .query({ text: 'select count(*) from identity.memberships, identity.invitations', values: [] })
        .catch(() => {});
      await tx.query({ text: 'select count(*), pg_sleep(3) from audit.entries', values: [] });
    }),
  );
  const { id, key } = await addKey(stage, home, ['crm.read']);
  assert.equal((await home.call('GET /v1/contacts', { token: key })).status, 200);
  assert.equal((await home.call('DELETE /v1/api-keys/{id}', { params: { id } })).status, 204);
  assert.equal((await home.call('GET /v1/contacts', { token: key })).problem.code, 'CREDENTIAL_INVALID');
  await worst;
});

test('an event that a look could not bring any more, after a long sleep, makes everything older stale', async () => {
  const gen = '00000000-0000-4000-8000-000000000001';
  const answers: FeedRead[] = [
    { rev: 7, gen, events: [] }, // whatever came before is older than what a look reads
    {
      rev: 9,
      gen,
      events: [
        { seq: 8, subject: 'l:1' },
        { seq: 9, subject: 'l:2' },
      ],
    },
    {
      rev: 14,
      gen,
      events: [
        { seq: 13, subject: 'l:3' },
        { seq: 14, subject: 'l:4' },
      ],
    }, // 10 to 12 were missed
    { rev: 20, gen, events: [] },
  ];
  const feed = new Feed({ read: async () => answers.shift() as FeedRead, newGeneration: async () => {} });
  const stale = (rev: number) => feed.isStale({ rev, gen }, ['l:nobody']);
  await feed.poll();
  assert.deepEqual([stale(6), stale(7)], [true, false]);
  await feed.poll();
  assert.deepEqual([stale(7), stale(9)], [false, false]);
  await feed.poll();
  assert.deepEqual([stale(9), stale(11), stale(12), stale(14)], [true, true, false, false]);
  await feed.poll();
  assert.deepEqual([stale(14), stale(19), stale(20)], [true, true, false]);
});

test('a tenant that takes no write keeps no other tenant’s keys from being noted as used', async () => {
  const used = async (tenant: typeof home) => {
    const { id, key } = await addKey(stage, tenant, ['crm.read']);
    assert.equal((await tenant.call('GET /v1/contacts', { token: key })).status, 200);
    return async () =>
      (await server.db.admin.query('select last_used_at from identity.api_keys where id = $1', [id])).rows;
  };
  const [first, second] = [await used(other), await used(home)];
  const mode = async (text: string) =>
    await server.db.admin.query('update tenancy.homes set mode = $2 where tenant_id = $1', [other.id, text]);
  await mode('read_only');
  await assert.rejects(server.platform.people.authenticator.flushUse(), /1 tenants/);
  await mode('open');
  assert.deepEqual(await first(), [{ last_used_at: null }]);
  assert.notDeepEqual(await second(), [{ last_used_at: null }]);
});
