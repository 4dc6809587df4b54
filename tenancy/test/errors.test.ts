import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { fromDatabase, sql, type Tenancy, TenancyError } from '../src/index.ts';
import { openStage, SAME_ID } from './stage.ts';

const db = await openStage();
const [a] = db.tenants;
const tenancy = await db.tenancy({ connections: 2, multiplexed: 1 });
const as = <T>(work: () => Promise<T>, kernel: Tenancy = tenancy) => kernel.withTenant(a, 's:test', work);
const thrown = async (work: () => Promise<unknown>): Promise<TenancyError> =>
  await work().then(
    () => assert.fail('nothing was thrown'),
    (error: TenancyError) => error,
  );
const SECRET = 'very-secret-value';
const password = String(db.connection('bos_app').password);

/** Everything that goes to a caller or into a log by itself; the cause is for operators. */
const shown = (error: Error) =>
  [error.message, JSON.stringify(error), String(error.stack), Object.values(error).map(String).join()].join('\n');

test('whatever is thrown shows no SQL, no value, no name of the catalog, no seal and no password', async () => {
  const values = [SECRET];
  const works: (() => Promise<unknown>)[] = [
    () => tenancy.query({ text: 'select $1::int', values }),
    () => tenancy.query({ text: 'select $1::int', values }, { writes: true }),
    () => tenancy.query({ text: 'select * from shop.nothing where x = $1', values }),
    () => tenancy.query({ text: 'selectt $1', values }),
    () => tenancy.query({ text: 'select $1, $2', values }),
    () => tenancy.query({ text: 'set x.y = 1', values }),
    () => tenancy.query({ text: 'select pg_sleep(1), pg_terminate_backend(1)', values: [] }),
    () => tenancy.query({ text: 'insert into shop.notes (id, body) values ($1, $2)', values: [SAME_ID, SECRET] }),
    () => tenancy.query(sql`insert into shop.notes (tenant_id, body) values (gen_random_uuid(), ${SECRET})`),
    () => tenancy.query(sql`select current_setting('app.current_tenant_id')::int`),
    () => tenancy.query(sql`select current_setting('app.current_principal')::int`, { writes: true }),
    () => tenancy.query(sql`select * from seal.keys`),
    () => tenancy.transaction((tx) => tx.query({ text: 'select $1::int', values })),
    () => tenancy.transaction((tx) => tx.query(sql`select current_setting('app.current_principal')::int`)),
    () => Array.fromAsync(tenancy.stream({ text: 'select $1::int', values })),
    () => tenancy.insertMany('shop.notes', ['n'], [{ n: SECRET }]),
    () => tenancy.insertMany('shop.nothing', ['n'], [{ n: SECRET }]),
    () => tenancy.explain({ text: 'select $1::int', values }, { analyze: true }),
  ];
  for (const work of works) {
    const error = await thrown(() => as(work));
    assert.ok(error instanceof TenancyError, String(work));
    const text = shown(error);
    assert.ok(!text.includes(SECRET), text);
    assert.ok(!/[0-9a-f]{64}|testkey1/.test(text), text);
    assert.ok(!/shop\.|seal\.keys|\$1|select \*|pg_sleep/.test(text), text);
    assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(error))).sort(), ['code', 'message']);
    assert.ok(!Object.keys(error).some((key) => ['detail', 'sqlstate', 'constraint', 'cause'].includes(key)));
  }
  assert.deepEqual([tenancy.counters().leased, tenancy.counters().waiting], [0, 0]);
});

test('a seal is in no part of an error at all, its cause and detail included, unless the statement itself asked for it', async () => {
  for (const work of [
    () => tenancy.query(sql`select 1 / 0`, { writes: true }),
    () => tenancy.query(sql`insert into shop.notes (body) values (null)`),
    () => tenancy.transaction((tx) => tx.query(sql`select 'x'::uuid`)),
  ]) {
    const error = await thrown(() => as(work));
    const everything = inspect(error, { depth: 10, showHidden: true });
    assert.ok(!/testkey1|\d{10}\.[0-9a-f]{64}/.test(everything), everything);
  }
});

test('a database that refuses or cannot be reached is one error without the password', async () => {
  const good = db.connection('bos_app');
  const { rows } = await db.admin.query("select 1 from pg_hba_file_rules where auth_method <> 'trust'");
  const asked = [
    { ...good, password: 'wrong-password-1' },
    { ...good, password: async () => await Promise.reject(new Error(`vault said no to ${SECRET}`)) },
  ];
  for (const connection of [
    { ...good, user: 'no_such_role', password: 'wrong-password-1' },
    { ...good, port: 1, connectTimeoutMs: 500 },
    { ...good, database: 'no_such_database' },
    ...(rows.length > 0 ? asked : []), // a server that trusts everybody asks for none
  ]) {
    const error = await thrown(() => db.tenancy({ connection }));
    assert.equal(error.code, 'DATABASE_UNAVAILABLE');
    const everything = inspect(error, { depth: 10, showHidden: true });
    for (const secret of [password, 'wrong-password-1']) assert.ok(!everything.includes(secret), everything);
  }
});

test('each SQLSTATE has its stable code, a retry only where one helps, and a broken write is in doubt', () => {
  const codeOf = (code: string, wrote = false) => {
    const error = fromDatabase(Object.assign(new Error('x'), { code, severity: 'ERROR' }), wrote);
    return `${error.code}${error.retryable ? ' r' : ''}`;
  };
  const codes: Record<string, string> = {
    BTMVD: 'TENANT_MOVED r',
    BTFNC: 'TENANT_FENCED r',
    BTSUS: 'TENANT_SUSPENDED',
    BTRDO: 'TENANT_READ_ONLY',
    '40001': 'SERIALIZATION r',
    '40P01': 'SERIALIZATION r',
    '42501': 'FORBIDDEN',
    '23505': 'CONFLICT',
    '23503': 'REFERENCE_MISSING',
    '23502': 'VALUE_REFUSED',
    '23514': 'VALUE_REFUSED',
    '22P02': 'VALUE_REFUSED',
    '22012': 'VALUE_REFUSED',
    '57014': 'TIMED_OUT r',
    '55P03': 'TIMED_OUT r',
    '25P02': 'TRANSACTION_FAILED',
    '42601': 'QUERY_FAILED',
    XX000: 'QUERY_FAILED',
  };
  for (const [state, code] of Object.entries(codes)) {
    assert.equal(codeOf(state), code, state);
    assert.equal(codeOf(state, true), code, `${state}, a write`);
  }
  for (const state of ['08006', '57P01', '57P03', '28P01', '53300', '3D000']) {
    assert.equal(codeOf(state), 'DATABASE_UNAVAILABLE r', state);
    assert.equal(codeOf(state, true), 'OUTCOME_UNKNOWN', state);
  }
  const own = new TenancyError('X', 'x');
  assert.equal(fromDatabase(own, true), own);
  assert.equal(fromDatabase(new Error('socket'), false).code, 'DATABASE_UNAVAILABLE');
});
