import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { openStage, type Stage } from '../isolation/stage.ts';

/** What a connection holds that the next lease trusts: names of prepared statements, settings, locks. */
const stage = await openStage();
const kernel = await stage.db.tenancy({ connections: 1, multiplexed: 0 });
const as = <T>(tenant: string, work: () => Promise<T>) => kernel.withTenant(tenant, 's:poison', work);

/** The kernel's own openings, read from one of its connections, so that what is poisoned here is what it sends. */
const openings = new Map(
  (
    await as(stage.a, () =>
      kernel.query<{ name: string; statement: string }>(
        { text: "select name, statement from pg_prepared_statements where name like 'bos\\_%'", values: [] },
        { writes: true },
      ),
    )
  ).rows.map(({ name, statement }) => [name, statement]),
);

/** One lease on a raw connection, as the kernel sends it; `reset: false` is a kernel that forgot it. */
async function lease(
  on: Stage,
  client: pg.Client,
  tenant: string,
  text: string,
  { reset = true } = {},
): Promise<string> {
  const run = (name: string, values: string[]) => client.query({ name, text: openings.get(name) ?? '', values });
  try {
    await client.query('begin');
    if (reset) await run('bos_reset', []);
    await run('bos_open_write', [on.seals.tenant(tenant).text, on.seals.principal(tenant, 's:poison', 'r').text]);
    const { rows } = await client.query(text);
    await client.query('commit');
    return rows[0]?.tenant_id ?? 'nothing';
  } catch (error) {
    await client.query('rollback').catch(() => {});
    return (error as pg.DatabaseError).code ?? 'lost';
  }
}

const write = "insert into crm.companies (name) values ('of the next lease') returning tenant_id";
const keep = ['app.current_tenant_id', 'app.current_principal']
  .map((name) => `set_config('${name}', current_setting('${name}'), false)`)
  .join(', ');
const parts = {
  opening: ['deallocate bos_open_write', 'prepare bos_open_write (text, text) as select 1 where $1 is null'],
  reset: ['deallocate bos_reset', 'prepare bos_reset as select 1'],
};
const inBlock = (texts: string[]) =>
  `do $do$ begin ${texts.map((text) => `execute $e$${text}$e$;`).join(' ')} perform ${keep}; end $do$`;
const inTurn = (texts: string[]) => [...texts, `select ${keep}`].join('; ');

/** A poisons a fresh connection; says what the poison gave, and whose the next lease's row is. */
async function poisoned(on: Stage, text: string, form?: { reset: boolean }): Promise<[poison: string, next: string]> {
  const client = await on.connect('bos_app');
  try {
    await lease(on, client, on.a, write); // prepares the openings
    return [await lease(on, client, on.a, text), await lease(on, client, on.b, write, form)];
  } finally {
    await client.end();
  }
}

const granted = await openStage();
await granted.db.admin.query('grant usage on language plpgsql to bos_app');

test('V168 V169 first guard, the gate: no part of the poison passes it, in any way to send a statement', async () => {
  const texts = [inBlock(parts.opening), inTurn(parts.opening), ...parts.opening, ...parts.reset, 'deallocate all'];
  for (const text of texts) {
    const ways = [
      () => kernel.query({ text, values: [] }),
      () => kernel.transaction((tx) => tx.query({ text, values: [] })),
      () => kernel.pool.query(text),
      async () => {
        const client = await kernel.pool.connect();
        await client.query('begin');
        return await client.query(text).finally(() => client.release());
      },
    ];
    for (const way of ways) await assert.rejects(as(stage.a, way), { code: 'REFUSED' }, text);
  }
  assert.deepEqual((await as(stage.b, () => kernel.query({ text: write, values: [] }))).rows, [{ tenant_id: stage.b }]);
});

test('V168 second guard, the languages: without the gate the do block is refused, and the next lease is whole', async () => {
  assert.deepEqual(await poisoned(stage, inBlock(parts.opening)), ['42501', stage.b]);
});

test('V168 third guard, the reset: without gate and languages the next lease has no seal at all, and is refused', async () => {
  assert.deepEqual(await poisoned(granted, inBlock(parts.opening)), ['nothing', '42501']);
});

test('V168 the control: without all three the row of the next lease lands with the attacker', async () => {
  assert.deepEqual(await poisoned(granted, inBlock(parts.opening), { reset: false }), ['nothing', granted.a]);
});

test('V169 the same by deallocate, prepare and set_config: no language is needed, the reset holds', async () => {
  const client = await stage.connect('bos_app');
  const poison = async () => {
    await lease(stage, client, stage.a, write);
    await client.query('begin');
    await client.query({
      name: 'bos_open_write',
      text: openings.get('bos_open_write') ?? '',
      values: [stage.seals.tenant(stage.a).text, stage.seals.principal(stage.a, 's:poison', 'r').text],
    });
    await client.query(inTurn(parts.opening)); // the simple protocol: one after the other
    await client.query('commit');
  };
  await poison();
  assert.equal(await lease(stage, client, stage.b, write), '42501');
  assert.equal(await lease(stage, client, stage.b, write, { reset: false }), stage.a, 'the control: without the reset');
  await client.end();
});

// What a reset that is itself prepared cannot stop. It needs a statement that the gate refuses, or a do block.
test('V168 V169 a poison that re-prepares the reset too passes the third guard: the gate and the languages carry it', async () => {
  const both = [...parts.opening, ...parts.reset];
  assert.deepEqual(await poisoned(stage, inBlock(both)), ['42501', stage.b]);
  assert.deepEqual(await poisoned(granted, inBlock(both)), ['nothing', granted.a]);
});

test('V170 an own seal kept for the session would answer a statement without a scope; behind the reset it does not', async () => {
  const client = await stage.connect('bos_app');
  await lease(stage, client, stage.a, `select ${keep}`);
  const read = 'select name from crm.contacts';
  assert.deepEqual((await client.query(read)).rows, [{ name: stage.marker(stage.a) }], 'the control');
  await client.query({ name: 'bos_reset', text: openings.get('bos_reset') ?? '' });
  await assert.rejects(client.query(read), { code: '42501' });
  await client.end();
});

test('V171 a poisoned session default changes no write of the next lease, alone or in a transaction', async () => {
  const defaults: [name: string, value: string][] = [
    ['default_transaction_read_only', 'on'],
    ['default_transaction_deferrable', 'on'],
    ['statement_timeout', '70'],
    ['lock_timeout', '70'],
    ['idle_in_transaction_session_timeout', '70'],
    ['standard_conforming_strings', 'off'],
    ['client_encoding', 'SQL_ASCII'],
    ['backslash_quote', 'off'],
    ['search_path', 'pg_temp'],
    ['row_security', 'off'],
    ['timezone', 'Asia/Tokyo'],
    ['transform_null_equals', 'on'],
    ['bytea_output', 'escape'],
  ];
  const text =
    "update crm.contacts set phone = 'ö\\' || $1 where name <> '\\' returning tenant_id, phone, current_setting($2) as setting";
  for (const [name, value] of defaults) {
    const { rows } = await as(stage.b, () =>
      kernel.query({ text: 'select current_setting($1) as setting', values: [name] }, { writes: true }),
    );
    const setting = rows[0]?.['setting'];
    assert.notEqual(setting, value, `${name}: not a poison`);
    const poison = () =>
      as(stage.a, () =>
        kernel.query({ text: 'update crm.contacts set phone = set_config($1, $2, false)', values: [name, value] }),
      );
    await poison();
    // a write that fails takes its reset back with it, so those behind it must hold too
    for (const next of ['é', '\\x', 'ü']) {
      const single = await as(stage.b, () => kernel.query({ text, values: [next, name] }));
      assert.deepEqual(single.rows, [{ tenant_id: stage.b, phone: `ö\\${next}`, setting }], name);
    }
    await poison();
    const inside = await as(stage.b, () => kernel.transaction((tx) => tx.query({ text, values: ['t', name] })));
    assert.deepEqual(inside.rows, [{ tenant_id: stage.b, phone: 'ö\\t', setting }], name);
  }
});

test('V174 a session lock survives reset all, and is gone behind the opening', async () => {
  await granted.db.admin.query('grant execute on function pg_advisory_lock(bigint) to bos_app');
  const client = await granted.connect('bos_app');
  const held = async () =>
    (await granted.db.admin.query("select 1 from pg_locks where locktype = 'advisory' and objid = 4712")).rowCount;
  await lease(granted, client, granted.a, 'select pg_advisory_lock(4712)');
  await client.query('reset all');
  assert.equal(await held(), 1, 'the control');
  await lease(granted, client, granted.b, 'select 1');
  assert.equal(await held(), 0);
  await client.end();
});
