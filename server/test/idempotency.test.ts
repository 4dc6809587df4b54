import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Answer } from './client.ts';
import { countRows, onboardTenant, startTestServer } from './harness.ts';

const server = await startTestServer({ lockTimeoutMs: 400 });
const [a, b] = [await onboardTenant(server), await onboardTenant(server)];
const { admin } = server.db;

/** What two answers to one request must share. */
const same = ({ status, headers, text }: Answer) => ({
  status,
  etag: headers['etag'],
  type: headers['content-type'],
  text,
});

async function added(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await countRows(server);
  await work();
  const after = await countRows(server);
  return Object.fromEntries(
    Object.entries(after).flatMap(([name, rows]) =>
      rows === before[name] ? [] : [[name, rows - (before[name] ?? 0)]],
    ),
  );
}

test('a write that is sent again with its key has one effect and the same answer, also when the record has changed since', async () => {
  const key = randomUUID();
  const body = { name: `Once ${a.marker}`, email: 'once@mail.example' };
  const grown = await added(async () => {
    const first = await a.call('POST /v1/contacts', { key, body });
    const params = { id: first.ok.id };
    assert.deepEqual(same(await a.call('POST /v1/contacts', { key, body })), same(first));
    const change = { params, version: 1, body: { phone: '1' }, key: `${key}-2` };
    const changed = await a.call('PATCH /v1/contacts/{id}', change);
    assert.equal(changed.ok.version, 2);
    assert.deepEqual(same(await a.call('PATCH /v1/contacts/{id}', change)), same(changed));
    assert.deepEqual(same(await a.call('POST /v1/contacts', { key, body })), same(first));
    const removal = { params, version: 2, key: `${key}-3` };
    const removed = await a.call('DELETE /v1/contacts/{id}', removal);
    assert.equal(removed.status, 204);
    assert.deepEqual(same(await a.call('DELETE /v1/contacts/{id}', removal)), same(removed));
    assert.deepEqual(same(await a.call('POST /v1/contacts', { key, body })), same(first));
    assert.equal((await a.call('GET /v1/contacts/{id}', { params })).status, 404);
  });
  assert.deepEqual(grown, { 'crm.contacts': 1, 'server.idempotency': 3 });
});

test('a write without a key is done each time, and leaves no key', async () => {
  const grown = await added(async () => {
    for (let n = 0; n < 2; n++) await a.call('POST /v1/companies', { body: { name: 'Twice' } });
  });
  assert.deepEqual(grown, { 'crm.companies': 2 });
});

test('a key that comes with another body, version, path or method is answered 422', async () => {
  const key = randomUUID();
  const made = (await a.call('POST /v1/companies', { key, body: { name: 'Keyed', domain: 'keyed.example' } })).ok;
  const params = { id: made.id };
  const others = [
    await a.call('POST /v1/companies', { key, body: { name: 'Other', domain: 'keyed.example' } }),
    await a.call('POST /v1/companies', { key, body: { name: 'Keyed' } }),
    await a.call('POST /v1/contacts', { key, body: { name: 'Keyed' } }),
    await a.call('PATCH /v1/companies/{id}', { key, params, version: 1, body: { name: 'Keyed' } }),
    await a.call('DELETE /v1/companies/{id}', { key, params, version: 1 }),
  ];
  for (const { problem } of others) assert.deepEqual([problem.status, problem.code], [422, 'KEY_REUSED']);
  const key2 = randomUUID();
  await a.call('PATCH /v1/companies/{id}', { key: key2, params, version: 1, body: { name: 'New' } });
  const stale = await a.call('PATCH /v1/companies/{id}', { key: key2, params, version: 2, body: { name: 'New' } });
  assert.equal(stale.problem.code, 'KEY_REUSED');
  const spaced = await a.call('POST /v1/companies', {
    key,
    body: ' {"domain" : "keyed.example", "name" : "\\u004beyed" } ',
  });
  assert.equal(spaced.ok.id, made.id, 'other spelling of the same body');
});

test('of 20 requests with one key at once one has its effect, and all are answered alike', async () => {
  for (const round of [1, 2, 3]) {
    const key = randomUUID();
    const body = { name: `Race ${round}`, email: `race-${round}@mail.example` };
    const grown = await added(async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => a.call('POST /v1/contacts', { key, body })));
      const [first] = answers;
      assert.equal(first?.status, 201);
      for (const answer of answers) assert.deepEqual(same(answer), same(first as Answer));
    });
    assert.deepEqual(grown, { 'crm.contacts': 1, 'server.idempotency': 1 });
  }
});

test('of two bodies with one key at once one wins, and the other is answered 422', async () => {
  const key = randomUUID();
  const grown = await added(async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => a.call('POST /v1/companies', { key, body: { name: `Body ${n % 2}` } })),
    );
    const won = answers.filter(({ status }) => status === 201);
    assert.equal(won.length, 5);
    assert.equal(new Set(won.map(({ text }) => text)).size, 1);
    for (const lost of answers.filter((one) => !won.includes(one))) assert.equal(lost.problem.code, 'KEY_REUSED');
  });
  assert.deepEqual(grown, { 'crm.companies': 1, 'server.idempotency': 1 });
});

test('a key belongs to one principal of one tenant', async () => {
  const key = randomUUID();
  const body = { name: 'Whose' };
  const colleague = a.tokenFor('member', randomUUID());
  const ids = [
    (await a.call('POST /v1/companies', { key, body })).ok.id,
    (await a.call('POST /v1/companies', { key, body, token: colleague })).ok.id,
    (await b.call('POST /v1/companies', { key, body })).ok.id,
  ];
  assert.equal(new Set(ids).size, 3);
  assert.equal((await a.call('POST /v1/companies', { key, body: { name: 'Other' }, token: colleague })).status, 422);
  assert.equal((await b.call('POST /v1/companies', { key, body })).ok.id, ids[2]);
});

test('a write that was refused does not keep its key', async () => {
  const { id } = (await a.call('POST /v1/contacts', { body: { name: 'Held', email: 'held@mail.example' } })).ok;
  const key = randomUUID();
  const grown = await added(async () => {
    const body = { name: 'Second', email: 'held@mail.example' };
    assert.equal((await a.call('POST /v1/contacts', { key, body })).status, 409);
    assert.equal((await a.call('POST /v1/contacts', { key, body: { ...body, company_id: randomUUID() } })).status, 422);
    assert.equal((await a.call('POST /v1/contacts', { key, body: { ...body, bad: 1 } })).status, 400);
    assert.equal(
      (await a.call('PATCH /v1/contacts/{id}', { key, params: { id }, version: 7, body: { phone: '1' } })).status,
      412,
    );
    assert.equal(
      (await a.call('POST /v1/contacts', { key, body: { name: 'x' }, token: a.tokenFor('viewer') })).status,
      403,
    );
    await a.call('DELETE /v1/contacts/{id}', { params: { id }, version: 1 });
    assert.equal((await a.call('POST /v1/contacts', { key, body })).status, 201);
  });
  assert.deepEqual(grown, { 'crm.contacts': 1, 'server.idempotency': 1 });
});

test('a key that is older than 24 hours can be used again, and old keys are cleared away', async () => {
  const [key, other] = [randomUUID(), randomUUID()];
  const first = (await a.call('POST /v1/companies', { key, body: { name: 'Old' } })).ok;
  await a.call('POST /v1/companies', { key: other, body: { name: 'Old too' } });
  const age = (interval: string) =>
    admin.query('update server.idempotency set created_at = created_at - $1::interval where key = any($2)', [
      interval,
      [key, other],
    ]);
  await age('23 hours 59 minutes');
  assert.equal((await a.call('POST /v1/companies', { key, body: { name: 'New' } })).problem.code, 'KEY_REUSED');
  await age('2 minutes');
  const second = (await a.call('POST /v1/companies', { key, body: { name: 'New' } })).ok;
  assert.notEqual(second.id, first.id);
  assert.equal((await a.call('POST /v1/companies', { key, body: { name: 'New' } })).ok.id, second.id);
  const { rows } = await admin.query('select key from server.idempotency where key = any($1)', [[key, other]]);
  assert.deepEqual(rows, [{ key }]);
});

test('of 10 requests at once with a key that is older than 24 hours one has its effect', async () => {
  const key = randomUUID();
  await a.call('POST /v1/companies', { key, body: { name: 'Aged' } });
  await admin.query("update server.idempotency set created_at = created_at - interval '25 hours' where key = $1", [
    key,
  ]);
  const grown = await added(async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => a.call('POST /v1/companies', { key, body: { name: 'Aged' } })),
    );
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
  });
  assert.deepEqual(grown, { 'crm.companies': 1 });
});

test('a key whose first request still runs is answered 409 after a bounded wait, and works when that is over', async () => {
  const key = randomUUID();
  await admin.query('begin');
  await admin.query(
    'insert into server.idempotency (tenant_id, principal, key, request_hash) values ($1, $2, $3, $4)',
    [a.id, `u:${a.ownerId}`, key, 'x'],
  );
  const body = { name: 'Waits' };
  assert.equal((await a.call('POST /v1/companies', { key, body })).problem.code, 'REQUEST_RUNNING');
  await admin.query('rollback');
  assert.equal((await a.call('POST /v1/companies', { key, body })).status, 201);
});

test("no tenant reads another's keys: a stored answer is never given to anybody else", async () => {
  const key = randomUUID();
  await a.call('POST /v1/companies', { key, body: { name: `Secret ${a.marker}` } });
  const { rows } = await admin.query<{ principal: string }>('select principal from server.idempotency where key = $1', [
    key,
  ]);
  assert.deepEqual(rows, [{ principal: `u:${a.ownerId}` }]);
  // the same person, key and request in another tenant
  const answer = await b.call('POST /v1/companies', {
    key,
    body: { name: `Secret ${a.marker}` },
    token: b.tokenFor('owner', a.ownerId),
  });
  assert.equal(answer.status, 201);
  const ids = await admin.query('select tenant_id from crm.companies where name = $1 order by tenant_id', [
    `Secret ${a.marker}`,
  ]);
  assert.deepEqual(
    ids.rows.map(({ tenant_id }) => tenant_id),
    [a.id, b.id].toSorted(),
  );
});
