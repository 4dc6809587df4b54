import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Privileged, type Statement } from '@businessos/tenancy';
import { testDatabase } from '@businessos/tenancy/testing';
import pg from 'pg';
import { migrations, productLogins, setupSql } from '../../src/database.ts';
import { feedSource } from '../../src/identity/feed-store.ts';

const db = await testDatabase({ migrations: [migrations], setupSql: [setupSql], logins: productLogins });
const { admin, connection } = db;
const [tenantA, tenantB] = db.tenants;
const app = await db.tenancy();
const own = new Privileged(connection('bos_identity'), () => {}, 1);
test.after(() => own.end());
const source = feedSource(own);

/** A connection of the serving role for a transaction that stays open; it ends before its database does. */
async function open(): Promise<pg.Client> {
  const client = new pg.Client(connection('bos_identity') as pg.ClientConfig);
  client.on('error', () => {});
  await client.connect();
  return client;
}

const subjectsAfter = async (seq: number) => (await source.read(seq)).events.map(({ subject }) => subject);
/** How many sessions wait for a lock. */
async function waiting(): Promise<number> {
  const { rowCount } = await admin.query(
    "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  return rowCount ?? 0;
}

/**
 * Two transactions write an event each: the one that wrote first commits last, with a look in between. What did the two
 * looks, each from where the one before ended, see together?
 */
async function overtaken(write: string, look: (after: number) => Promise<{ rev: number; subjects: string[] }>) {
  const [slow, fast] = [await open(), await open()];
  const { rev } = await look(Number.MAX_SAFE_INTEGER);
  await slow.query('begin');
  await slow.query(write, ['l:1']);
  await fast.query('begin');
  let passed = false;
  const done = fast.query(write, ['l:2']).then(async () => {
    await fast.query('commit');
    passed = true;
  });
  while (!passed && (await waiting()) === 0) await sleep(5);
  const first = await look(rev);
  await slow.query('commit');
  await done;
  const then = await look(first.rev);
  await Promise.all([slow.end(), fast.end()]);
  return [...first.subjects, ...then.subjects];
}

test('the order of numbers is the order of commits: an event that commits late is not passed by a later number', async () => {
  const seen = await overtaken('select identity.revoke($1)', async (after) => {
    const { rev, events } = await source.read(after);
    return { rev, subjects: events.map(({ subject }) => subject) };
  });
  assert.deepEqual(seen, ['l:1', 'l:2']);
});

test('numbered by an identity column instead, one of the two revocations is lost', async () => {
  await admin.query(`create table identity.feed_numbered (seq bigint generated always as identity primary key, subject text);
    grant select, insert on identity.feed_numbered to bos_identity`);
  try {
    const seen = await overtaken('insert into identity.feed_numbered (subject) values ($1)', async (after) => {
      const { rows } = await admin.query<{ seq: string; subject: string }>(
        'select * from identity.feed_numbered order by seq',
      );
      const events = rows.filter(({ seq }) => Number(seq) > after);
      return { rev: Number(rows.at(-1)?.seq ?? 0), subjects: events.map(({ subject }) => subject) };
    });
    assert.deepEqual(seen, ['l:2']);
  } finally {
    await admin.query('drop table identity.feed_numbered');
  }
});

test('many revocations at once lose none, and each look from the last number on sees all of them in order', async () => {
  const start = (await source.read(0)).rev;
  const clients = await Promise.all(Array.from({ length: 8 }, open));
  const seen: number[] = [];
  let running = true;
  const looking = (async () => {
    for (let last = false; !last; ) {
      last = !running;
      const { rev, events } = await source.read(start + seen.length);
      seen.push(...events.map(({ seq }) => seq));
      assert.equal(rev, start + seen.length, 'head and events are of one snapshot');
    }
  })();
  await Promise.all(
    clients.map(async (client, n) => {
      for (let i = 0; i < 20; i++) {
        await client.query('begin');
        await client.query('select identity.revoke($1)', [`l:${n}-${i}`]);
        await client.query(i % 5 === 0 ? 'rollback' : 'commit');
      }
      await client.end();
    }),
  );
  running = false;
  await looking;
  assert.deepEqual(
    seen,
    Array.from({ length: 8 * 16 }, (_, n) => start + 1 + n),
  );
});

test('a transaction that is rolled back leaves no event', async () => {
  const client = await open();
  const { rev } = await source.read(0);
  await client.query('begin');
  await client.query("select identity.revoke('l:9')");
  await client.query('rollback');
  await client.end();
  assert.deepEqual(await source.read(0).then(({ rev: now }) => now), rev);
  assert.deepEqual(await subjectsAfter(rev), []);
});

/** What business code could try, by its own role. */
async function tryAs(role: string, text: string): Promise<string> {
  const client = new pg.Client(connection(role) as pg.ClientConfig);
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(text);
    return 'done';
  } catch (error) {
    return (error as pg.DatabaseError).code ?? 'no code';
  } finally {
    await client.end();
  }
}

test('business code can neither read the feed, nor revoke anybody, nor begin another generation', async () => {
  const { rev } = await source.read(0);
  const { rows } = await admin.query<{ generation: string }>('select generation from identity.feed_head');
  const generation = rows[0]?.generation ?? '';
  for (const text of [
    `select identity.revoke('t:${tenantB}')`,
    `select identity.revoke('t:${tenantA}')`, // nor his own: until his transaction ends nobody else could revoke
    "select identity.revoke('keys')",
    `select identity.new_generation('${generation}')`,
    'select * from identity.feed',
    'select * from identity.feed_head',
    "insert into identity.feed (seq, subject) values (9999, 'keys')",
    'update identity.feed_head set seq = 0',
    'delete from identity.feed',
  ]) {
    assert.equal(await tryAs('bos_app', text), '42501', text);
    const scoped: Statement = { text, values: [] };
    await assert.rejects(
      app.withTenant(tenantA, 's:test', () => app.transaction((tx) => tx.query(scoped, { writes: true }))),
      { code: 'FORBIDDEN' },
      text,
    );
  }
  // the role of identity revokes through the function only
  for (const text of [
    "insert into identity.feed (seq, subject) values (9999, 'keys')",
    'update identity.feed_head set seq = 0',
    'update identity.feed set seq = 0',
  ]) {
    assert.equal(await tryAs('bos_identity', text), '42501', text);
    assert.equal(await tryAs('bos_control', text), '42501', text);
  }
  assert.equal((await source.read(0)).rev, rev);
});

test('of many processes that see a database restored one changes the generation', async () => {
  for (let round = 0; round < 5; round++) {
    const { gen } = await source.read(0);
    const clients = await Promise.all(Array.from({ length: 8 }, open));
    const changed = await Promise.all(
      clients.map(async (client) => {
        const { rows } = await client.query<{ done: boolean }>('select identity.new_generation($1) as done', [gen]);
        await client.end();
        return rows[0]?.done;
      }),
    );
    assert.equal(changed.filter(Boolean).length, 1);
    assert.notEqual((await source.read(0)).gen, gen);
  }
});

test('a look brings head, generation and the events of the last 65 minutes, no older ones', async () => {
  await admin.query('delete from identity.feed');
  await admin.query("select identity.revoke('l:old'), identity.revoke('l:young')");
  await admin.query("update identity.feed set at = now() - interval '3901 seconds' where subject = 'l:old'");
  const { rev, gen, events } = await source.read(0);
  assert.deepEqual(events, [{ seq: rev, subject: 'l:young' }]);
  const { rows } = await admin.query('select seq::int as rev, generation as gen from identity.feed_head');
  assert.deepEqual(rows, [{ rev, gen }]);
  assert.deepEqual(await source.read(rev), { rev, gen, events: [] });
});
