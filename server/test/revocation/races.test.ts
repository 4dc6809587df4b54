import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import * as logins from '../../src/identity/login-store.ts';
import { hashOf } from '../../src/identity/opaque.ts';
import { asTenant, onboardTenant, startOn, startTestServer } from '../harness.ts';
import { addPerson, PASSWORD, signIn } from './person.ts';
import { openWire } from './silent-wire.ts';

const server = await startTestServer();
const a = await onboardTenant(server);
const { admin, adminUrl } = server.db;
const post = async <K extends 'POST /v1/tokens' | 'POST /v1/resets/confirm' | 'POST /v1/resets'>(
  route: K,
  body: unknown,
) => await a.call(route, { host: `id.bos.localhost:${server.port}`, token: null, body });

/** How many sessions of identity wait for a lock. */
async function waiting(): Promise<number> {
  const text =
    "select 1 from pg_stat_activity where datname = current_database() and usename = 'bos_identity' and wait_event_type = 'Lock'";
  return (await admin.query(text)).rowCount ?? 0;
}

/** Holds a table up, so that whoever comes to it waits there; `come` waits for that many, `release` lets them pass. */
async function hold(table: string, mode = 'access exclusive') {
  const client = new pg.Client(adminUrl);
  await client.connect();
  await client.query(`begin; lock table ${table} in ${mode} mode`);
  const end = async (how: string, statement = 'select', values: unknown[] = []) => {
    await client.query(statement, values);
    await client.query(how);
    await client.end();
  };
  return {
    come: async () => {
      while ((await waiting()) === 0) await sleep(5);
    },
    release: () => end('rollback'),
    /** Does something first, and lets them pass when it is done. */
    end: (statement: string, values: unknown[]) => end('commit', statement, values),
  };
}

for (const [what, route, body] of [
  ['removed', 'DELETE /v1/members/{id}', undefined],
  ['lowered', 'PATCH /v1/members/{id}', { role: 'viewer' }],
] as const) {
  test(`a refresh that read the role just before it was ${what} gives a token that is dead`, async () => {
    const person = await addPerson(server, a.id, 'admin');
    const { refresh_token } = await signIn(server.port, person, a.slug);
    const table = await hold('identity.refresh_tokens', 'exclusive'); // reads pass
    const refreshing = post('POST /v1/tokens', { grant: 'refresh', refresh_token });
    await table.come();
    const { status, text } = await a.call(route, { params: { id: person.id }, ...(body && { body }) });
    assert.ok(status < 300, text);
    await table.release();
    const late = (await refreshing).ok;
    assert.equal((await a.call('GET /v1/me', { token: late.access_token })).problem.code, 'CREDENTIAL_INVALID');
    const next = await post('POST /v1/tokens', { grant: 'refresh', refresh_token: late.refresh_token });
    if (what === 'removed') assert.equal(next.problem.code, 'NOT_FOUND');
    else assert.equal((await a.call('GET /v1/me', { token: next.ok.access_token })).ok.role, 'viewer');
  });
}

test('a sign-in whose password was checked before a reset does not outlive the reset', async () => {
  const person = await addPerson(server, a.id, 'member');
  await post('POST /v1/resets', { email: person.email });
  let token: string | undefined;
  while (token === undefined) {
    const { items } = (await a.call('GET /v1/outbox', { host: `id.bos.localhost:${server.port}`, token: null })).ok;
    token = items.find(({ email }) => email === person.email)?.body.token;
    await sleep(20);
  }
  const table = await hold('identity.person_tenants');
  const body = { grant: 'password', email: person.email, password: PASSWORD, tenant: a.slug };
  const signingIn = post('POST /v1/tokens', body);
  await table.come();
  const reset = await post('POST /v1/resets/confirm', { token, password: `${PASSWORD} and another` });
  assert.equal(reset.status, 204, reset.text);
  await table.release();
  assert.equal((await signingIn).problem.code, 'CREDENTIAL_INVALID');
  const { rowCount } = await admin.query('select 1 from identity.logins where person_id = $1', [person.id]);
  assert.equal(rowCount, 0);
});

test('whoever ends a sign-in waits for a refresh that is under way, and neither undoes the other', async () => {
  const person = await addPerson(server, a.id, 'member');
  const { refresh_token } = await signIn(server.port, person, a.slug);
  const { unsealed } = server.platform.people;
  const hash = hashOf(refresh_token);
  const { login_id: loginId } = (await logins.findRefresh(unsealed, hash)) as logins.RefreshRow;
  let ending: Promise<unknown> | undefined;
  await unsealed.transaction(async (tx) => {
    assert.equal(await logins.useRefresh(tx, hash, loginId), true);
    ending = unsealed.transaction((other) => logins.deleteLogin(other, person.id, loginId));
    while ((await waiting()) === 0) await sleep(5);
    await logins.insertRefresh(tx, { hash: hashOf('next'), loginId, tenantId: a.id, seconds: 60 });
  });
  assert.equal(await ending, true);
  const { rowCount } = await admin.query('select 1 from identity.refresh_tokens where login_id = $1', [loginId]);
  assert.equal(rowCount, 0);
});

test('a refresh while its sign-in ends is no reuse: nothing in the log says that a token was copied', async () => {
  for (let round = 0; round < 5; round++) {
    const person = await addPerson(server, a.id, 'member');
    const { refresh_token } = await signIn(server.port, person, a.slug);
    const table = await hold('identity.refresh_tokens', 'exclusive');
    const refreshing = post('POST /v1/tokens', { grant: 'refresh', refresh_token });
    await table.come();
    await table.end('delete from identity.logins where person_id = $1', [person.id]);
    assert.equal((await refreshing).problem.code, 'CREDENTIAL_INVALID');
  }
  const { rowCount } = await admin.query("select 1 from audit.entries where relation = 'signin.reused'");
  assert.equal(rowCount, 0);
});

test('a removal that is done is answered as done, also when its process cannot look at the feed just then', async () => {
  const wire = await openWire(server.db.connection('bos_app'));
  const other = await startOn(server.db, { databasePort: wire.port });
  const tenant = await asTenant(other, a, a.marker);
  const person = await addPerson(server, a.id, 'member');
  wire.silence('identity.feed f');
  const { status } = await tenant.call('DELETE /v1/members/{id}', { params: { id: person.id } });
  wire.mend();
  assert.equal(status, 204);
});
