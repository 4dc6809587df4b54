import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { openStage } from '../isolation/stage.ts';
import { hostileTexts } from './fragments.ts';

/**
 * What must leak where nothing of the kernel stands: a database with PostgreSQL's own defaults, the founding design's
 * policy on a plain setting, BEGIN / set_config / query / COMMIT on plain `pg`. `answer`: the victim's rows are in the
 * answer; `rows`: its rows were changed; `next`: whoever has the connection next sees rows without any scope.
 */
const leaking: Record<string, 'answer' | 'rows' | 'next'> = {
  'set_config in the same select': 'answer',
  'set_config before the scan': 'answer',
  'set_config of a forged seal': 'answer',
  'set_config in a materialized cte': 'answer',
  'set_config in a lateral': 'answer',
  'set_config for the session': 'next',
  'own seal kept for the session': 'next',
  'update of pg_settings': 'next',
  'stacked set': 'answer',
  'select as set, stacked': 'answer',
  'do block that sets': 'answer',
  'temporary function that sets': 'answer',
  'prepared and executed': 'answer',
  'savepoint games': 'answer',
  'commit, then a kept setting': 'answer',
  'query_to_xml with set_config': 'answer',
  'delete behind set_config': 'answer',
  'update behind set_config': 'rows',
  'insert behind set_config': 'rows',
  'insert by a row that sets': 'rows',
  'merge into the victim': 'rows',
  'values that set': 'answer',
  'a recursive query': 'answer',
  'an order by that sets': 'answer',
};

const { db, a, b, marker } = await openStage();

/** A database beside ours, as the founding design's sample has it. */
async function openUsual(): Promise<{ admin: pg.Client; connect(): Promise<pg.Client>; drop(): Promise<void> }> {
  const name = `${db.name}_usual`;
  await db.admin.query(`create database ${name} template template0`);
  const url = new URL(db.adminUrl);
  url.pathname = `/${name}`;
  const admin = new pg.Client(url.href);
  await admin.connect();
  await admin.query(`
    create schema usual; grant usage on schema usual to bos_app;
    create table usual.contacts (tenant_id uuid not null, name text not null);
    alter table usual.contacts enable row level security;
    create policy tenant_isolation on usual.contacts using (tenant_id = current_setting('app.current_tenant_id')::uuid);
    grant select, insert, update, delete on usual.contacts to bos_app`);
  return {
    admin,
    connect: async () => {
      const client = new pg.Client({ ...db.connection('bos_app'), database: name } as pg.ClientConfig);
      client.on('error', () => {});
      await client.connect();
      return client;
    },
    drop: async () => {
      await admin.end();
      await db.admin.query(`drop database ${name} with (force)`);
    },
  };
}

/** One request as the usual program runs it; the text of whatever came back. */
async function request(client: pg.Client, tenant: string, text: string): Promise<string> {
  try {
    await client.query('begin');
    await client.query("select set_config('app.current_tenant_id', $1, true)", [tenant]);
    const result: pg.QueryResult | pg.QueryResult[] = await client.query(text);
    await client.query('commit');
    return JSON.stringify(Array.isArray(result) ? result.map(({ rows }) => rows) : result.rows);
  } catch (error) {
    await client.query('rollback').catch(() => {});
    return (error as Error).message;
  }
}

test('the control: under the usual policy on a plain setting the same texts do leak, so the suite can see a leak', async () => {
  const { admin, connect, drop } = await openUsual();
  const rowsOfB = async () =>
    JSON.stringify((await admin.query('select name from usual.contacts where tenant_id = $1 order by name', [b])).rows);
  const found: Record<string, string> = {};
  for (const [what, text] of hostileTexts(b, 'usual.contacts')) {
    await admin.query('truncate usual.contacts');
    for (const tenant of [a, b])
      await admin.query('insert into usual.contacts values ($1, $2)', [tenant, marker(tenant)]);
    const before = await rowsOfB();
    const client = await connect();
    const answer = await request(client, a, text);
    const next = await client.query('select name from usual.contacts').then(
      ({ rows }) => rows.length > 0,
      () => false,
    );
    await client.end().catch(() => {});
    if (answer.includes(marker(b))) found[what] = 'answer';
    else if ((await rowsOfB()) !== before) found[what] = 'rows';
    else if (next) found[what] = 'next';
  }
  await drop();
  assert.deepEqual(found, leaking);
});
