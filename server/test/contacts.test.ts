import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Contact } from '@businessos/contract';
import { exchange } from './client.ts';
import { onboardTenant, startTestServer } from './harness.ts';

const server = await startTestServer();
const [a, b] = [await onboardTenant(server), await onboardTenant(server)];

/** The answer without what differs from request to request. */
function bare({ status, headers, text }: { status: number; headers: Record<string, unknown>; text: string }) {
  const { date: _, 'x-request-id': id, ...rest } = headers;
  return { status, headers: rest, text: text.replace(String(id), 'ID') };
}

async function newContact(body: object = {}): Promise<Contact> {
  return (await a.call('POST /v1/contacts', { body: { name: `Contact ${a.marker}`, ...body } })).ok;
}

test('a contact is created with its defaults, read, changed field by field and counted in versions', async () => {
  const company = (await a.call('POST /v1/companies', { body: { name: 'Ökowerk' } })).ok;
  const made = (
    await a.call('POST /v1/contacts', {
      body: { name: '  Zoë O’Hara ', email: 'Zoe@Ohara.example', phone: '+43 1 234', company_id: company.id },
    })
  ).ok;
  assert.deepEqual(
    { ...made, id: '', touched_at: '', created_at: '', updated_at: '' },
    {
      id: '',
      company_id: company.id,
      name: 'Zoë O’Hara',
      email: 'Zoe@Ohara.example',
      phone: '+43 1 234',
      status: 'lead',
      owner: null,
      touched_at: '',
      version: 1,
      created_at: '',
      updated_at: '',
    },
  );
  assert.deepEqual([made.touched_at, made.updated_at], [made.created_at, made.created_at]);
  const params = { id: made.id };
  assert.deepEqual((await a.call('GET /v1/contacts/{id}', { params })).ok, made);
  const body = { status: 'active', phone: null, touched_at: '2026-02-03T04:05:06+02:00' };
  const changed = (await a.call('PATCH /v1/contacts/{id}', { params, version: 1, body })).ok;
  const { updated_at, ...rest } = changed;
  const { updated_at: first, ...before } = made;
  assert.deepEqual(rest, {
    ...before,
    status: 'active',
    phone: null,
    touched_at: '2026-02-03T02:05:06.000Z',
    version: 2,
  });
  assert.ok(updated_at >= first);
  assert.deepEqual((await a.call('GET /v1/contacts/{id}', { params })).ok, changed);
});

test('HEAD answers the headers of GET and no body', async () => {
  const { id } = await newContact();
  const get = await a.call('GET /v1/contacts/{id}', { params: { id } });
  const head = await exchange(server.port, {
    method: 'HEAD',
    target: `/v1/contacts/${id}`,
    headers: [
      ['Host', a.host],
      ['Authorization', `Bearer ${a.token}`],
    ],
  });
  assert.deepEqual({ ...bare(head), text: '' }, { ...bare(get), text: '' });
});

test('a change or delete without If-Match answers 428 and changes nothing', async () => {
  const { id } = await newContact();
  const params = { id };
  assert.equal(
    (await a.call('PATCH /v1/contacts/{id}', { params, body: { name: 'X' } })).problem.code,
    'VERSION_NEEDED',
  );
  assert.equal((await a.call('DELETE /v1/contacts/{id}', { params })).problem.code, 'VERSION_NEEDED');
  assert.equal((await a.call('GET /v1/contacts/{id}', { params })).ok.version, 1);
});

test('a change on an older version answers 412 with the present record, and changes nothing', async () => {
  const { id } = await newContact();
  const params = { id };
  const now = (await a.call('PATCH /v1/contacts/{id}', { params, version: 1, body: { phone: '1' } })).ok;
  for (const route of ['PATCH /v1/contacts/{id}', 'DELETE /v1/contacts/{id}'] as const) {
    for (const version of [1, 3, 999_999_999]) {
      const body = route.startsWith('PATCH') ? { name: 'Lost update' } : undefined;
      const { problem } = await a.call(route, { params, version, body });
      assert.deepEqual([problem.code, problem.current], ['VERSION_STALE', now]);
    }
  }
  assert.deepEqual((await a.call('GET /v1/contacts/{id}', { params })).ok, now);
});

test('an If-Match that is not one strong version is refused by name', async () => {
  const params = { id: (await newContact()).id };
  for (const version of ['*', '1', 'W/"1"', '"1", "2"', '"0"', '"01"', '"-1"', '"1.0"', '""', '"9999999999"', '"x"']) {
    const { problem } = await a.call('PATCH /v1/contacts/{id}', { params, version, body: { name: 'X' } });
    assert.deepEqual([problem.code, problem.errors?.[0]?.field], ['REQUEST_INVALID', 'If-Match'], version);
  }
});

test('V76: an ETag of one tenant says nothing to another, and no answer is ever 304', async () => {
  const { id } = await newContact();
  await server.db.admin.query('insert into crm.contacts (tenant_id, id, name) values ($1, $2, $3)', [
    b.id,
    id,
    `Twin ${b.marker}`,
  ]);
  const params = { id };
  const own = await a.call('GET /v1/contacts/{id}', { params });
  assert.equal(own.headers['etag'], '"1"');
  for (const headers of [
    [['If-None-Match', '"1"']],
    [['If-None-Match', '*']],
    [['If-Modified-Since', 'Fri, 01 Jan 2100 00:00:00 GMT']],
  ] as const) {
    const twin = await b.call('GET /v1/contacts/{id}', { params, headers });
    assert.equal(twin.ok.name, `Twin ${b.marker}`);
    assert.equal((await a.call('GET /v1/contacts/{id}', { params, headers })).ok.name, `Contact ${a.marker}`);
  }
  assert.equal(
    (await b.call('PATCH /v1/contacts/{id}', { params, version: 1, body: { name: 'Changed by B' } })).ok.version,
    2,
  );
  assert.equal((await a.call('GET /v1/contacts/{id}', { params })).ok.version, 1);
});

test('of 20 changes on one version exactly one succeeds; the others are told the present record', async () => {
  const { id } = await newContact();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      a.call('PATCH /v1/contacts/{id}', { params: { id }, version: 1, body: { phone: String(n) } }),
    ),
  );
  const [won, ...more] = answers.filter(({ status }) => status === 200);
  assert.deepEqual([won?.ok.version, more.length], [2, 0]);
  for (const lost of answers.filter((one) => one !== won)) assert.deepEqual(lost.problem.current, won?.ok);
});

test('a deleted contact is a missing one everywhere, and stays in the trash with its version', async () => {
  const made = await newContact({ email: 'gone@mail.example' });
  const params = { id: made.id };
  assert.equal((await a.call('DELETE /v1/contacts/{id}', { params, version: 1 })).status, 204);
  const missing = bare(await a.call('GET /v1/contacts/{id}', { params: { id: randomUUID() } }));
  assert.deepEqual(bare(await a.call('GET /v1/contacts/{id}', { params })), missing);
  for (const version of [1, 2]) {
    assert.equal((await a.call('DELETE /v1/contacts/{id}', { params, version })).problem.code, 'NOT_FOUND');
    const answer = await a.call('PATCH /v1/contacts/{id}', { params, version, body: { name: 'X' } });
    assert.deepEqual(bare(answer), missing);
  }
  const { items } = (await a.call('GET /v1/contacts', { query: { 'email.eq': 'gone@mail.example' } })).ok;
  assert.deepEqual(items, []);
  const { rows } = await server.db.admin.query(
    'select name, version from crm.contacts where id = $1 and deleted_at is not null',
    [made.id],
  );
  assert.deepEqual(rows, [{ name: made.name, version: 2 }]);
});

test('an e-mail address belongs to one contact of a tenant in any case, and to others in other tenants', async () => {
  const email = 'Same@Mail.example';
  await newContact({ email });
  const { problem } = await a.call('POST /v1/contacts', { body: { name: 'Second', email: 'sAME@mail.example' } });
  assert.deepEqual([problem.status, problem.code, problem.errors?.[0]?.field], [409, 'CONFLICT', 'email']);
  const other = await newContact({ email: 'other@mail.example' });
  const clash = await a.call('PATCH /v1/contacts/{id}', { params: { id: other.id }, version: 1, body: { email } });
  assert.deepEqual([clash.problem.code, clash.problem.errors?.[0]?.field], ['CONFLICT', 'email']);
  assert.equal((await a.call('GET /v1/contacts/{id}', { params: { id: other.id } })).ok.version, 1);
  assert.equal((await b.call('POST /v1/contacts', { body: { name: 'In B', email } })).ok.email, email);
  assert.equal((await newContact({ email: null })).email, null);
  assert.equal((await newContact({ email: null })).email, null);
});

test('of 12 contacts made at once with one e-mail address exactly one is made', async () => {
  const answers = await Promise.all(
    Array.from({ length: 12 }, () =>
      a.call('POST /v1/contacts', { body: { name: 'Race', email: 'race@mail.example' } }),
    ),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array<number>(11).fill(409)]);
});

test('an e-mail address is free again when its contact is in the trash', async () => {
  const first = await newContact({ email: 'reuse@mail.example' });
  await a.call('DELETE /v1/contacts/{id}', { params: { id: first.id }, version: 1 });
  const second = await newContact({ email: 'reuse@mail.example' });
  assert.notEqual(second.id, first.id);
  assert.equal((await a.call('POST /v1/contacts', { body: { name: 'X', email: 'Reuse@mail.example' } })).status, 409);
});

test("V14: a reference to another tenant's company answers byte for byte like one to a missing company", async () => {
  const foreign = (await b.call('POST /v1/companies', { body: { name: `Of B ${b.marker}` } })).ok.id;
  const trashed = (await a.call('POST /v1/companies', { body: { name: 'Trashed' } })).ok.id;
  await a.call('DELETE /v1/companies/{id}', { params: { id: trashed }, version: 1 });
  const { id } = await newContact();
  const create = async (company_id: string) =>
    bare(await a.call('POST /v1/contacts', { body: { name: 'X', company_id } }));
  const change = async (company_id: string) =>
    bare(await a.call('PATCH /v1/contacts/{id}', { params: { id }, version: 1, body: { company_id } }));
  for (const refused of [create, change]) {
    const missing = await refused(randomUUID());
    assert.equal(missing.status, 422);
    assert.match(missing.text, /"field":"company_id"/);
    for (const company of [foreign, trashed]) assert.deepEqual(await refused(company), missing);
  }
});

test("V84, V85: another tenant's id answers byte for byte like a missing one, and costs the same statements", async () => {
  const { id } = (await b.call('POST /v1/contacts', { body: { name: `Of B ${b.marker}` } })).ok;
  const { tenancy } = server.platform;
  const routes = ['GET /v1/contacts/{id}', 'PATCH /v1/contacts/{id}', 'DELETE /v1/contacts/{id}'] as const;
  for (const route of routes) {
    const ask = async (wanted: string) => {
      const before = tenancy.counters();
      const version = route.startsWith('GET') ? {} : { version: 1 };
      const body = route.startsWith('PATCH') ? { body: { name: 'Mine now' } } : {};
      const answer = bare(await a.call(route, { params: { id: wanted }, ...version, ...body }));
      const after = tenancy.counters();
      return { ...answer, statements: after.statements - before.statements, failed: after.failed - before.failed };
    };
    const missing = await ask(randomUUID());
    assert.equal(missing.status, 404);
    assert.deepEqual(await ask(id), missing);
    for (const odd of ['x', '1', `${id}0`, `%7B${id}%7D`, id.replaceAll('-', ''), '%27%20or%201=1--', '..%3b']) {
      const { statements: _, failed: __, ...answer } = await ask(odd);
      assert.deepEqual(answer, { status: 404, headers: missing.headers, text: missing.text }, odd);
    }
  }
  assert.equal((await b.call('GET /v1/contacts/{id}', { params: { id } })).ok.version, 1);
  assert.equal((await b.call('GET /v1/contacts/{id}', { params: { id: id.toUpperCase() } })).ok.id, id);
});
