import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onboardTenant, startTestServer } from './harness.ts';

const server = await startTestServer({ lockTimeoutMs: 300 });
const [a, b] = [await onboardTenant(server), await onboardTenant(server)];

async function companyWithContacts(count: number) {
  const company = (await a.call('POST /v1/companies', { body: { name: `Firm ${a.marker}`, domain: 'Firm.example' } }))
    .ok;
  const contacts = [];
  for (let n = 0; n < count; n++) {
    const body = { name: `Person ${n} ${a.marker}`, company_id: company.id };
    contacts.push((await a.call('POST /v1/contacts', { body })).ok);
  }
  return { company, contacts };
}

test('a company is created, read, changed and deleted, with a version for each state', async () => {
  const made = (await a.call('POST /v1/companies', { body: { name: 'Łódź Sp. z o.o.', domain: 'Lodz.example' } })).ok;
  assert.deepEqual([made.name, made.domain, made.version], ['Łódź Sp. z o.o.', 'lodz.example', 1]);
  const params = { id: made.id };
  assert.deepEqual((await a.call('GET /v1/companies/{id}', { params })).ok, made);
  const changed = (await a.call('PATCH /v1/companies/{id}', { params, version: 1, body: { domain: null } })).ok;
  assert.deepEqual({ ...changed, updated_at: made.updated_at }, { ...made, domain: null, version: 2 });
  const stale = await a.call('PATCH /v1/companies/{id}', { params, version: 1, body: { name: 'X' } });
  assert.deepEqual([stale.status, stale.problem.current], [412, changed]);
  assert.equal((await a.call('PATCH /v1/companies/{id}', { params, body: { name: 'X' } })).status, 428);
  assert.equal((await a.call('DELETE /v1/companies/{id}', { params, version: 1 })).status, 412);
  assert.equal((await a.call('DELETE /v1/companies/{id}', { params, version: 2 })).status, 204);
  assert.equal((await a.call('GET /v1/companies/{id}', { params })).status, 404);
  assert.equal((await a.call('DELETE /v1/companies/{id}', { params, version: 2 })).status, 404);
});

test('a deleted company leaves its contacts, without their reference and with a new version', async () => {
  const { company, contacts } = await companyWithContacts(3);
  const other = (await a.call('POST /v1/contacts', { body: { name: 'Of no company' } })).ok;
  assert.equal((await a.call('DELETE /v1/companies/{id}', { params: { id: company.id }, version: 1 })).status, 204);
  for (const { id, name } of contacts) {
    const now = (await a.call('GET /v1/contacts/{id}', { params: { id } })).ok;
    assert.deepEqual([now.name, now.company_id, now.version], [name, null, 2]);
  }
  assert.equal((await a.call('GET /v1/contacts/{id}', { params: { id: other.id } })).ok.version, 1);
});

test("a deleted company changes nothing of another tenant's company with the same id, nor of its contacts", async () => {
  const { company } = await companyWithContacts(1);
  const { admin } = server.db;
  await admin.query('insert into crm.companies (tenant_id, id, name) values ($1, $2, $3)', [b.id, company.id, 'Twin']);
  const twin = (await b.call('POST /v1/contacts', { body: { name: 'Of the twin', company_id: company.id } })).ok;
  await a.call('DELETE /v1/companies/{id}', { params: { id: company.id }, version: 1 });
  assert.equal((await b.call('GET /v1/companies/{id}', { params: { id: company.id } })).ok.version, 1);
  assert.deepEqual((await b.call('GET /v1/contacts/{id}', { params: { id: twin.id } })).ok, twin);
});

test('V86: a write of several rows that cannot finish changes none of them', async () => {
  const { company, contacts } = await companyWithContacts(3);
  const { admin } = server.db;
  await admin.query('begin');
  await admin.query('select 1 from crm.contacts where id = $1 for update', [contacts[2]?.id]);
  const refused = await a.call('DELETE /v1/companies/{id}', { params: { id: company.id }, version: 1 });
  await admin.query('rollback');
  assert.equal(refused.problem.code, 'TIMED_OUT');
  assert.deepEqual((await a.call('GET /v1/companies/{id}', { params: { id: company.id } })).ok, company);
  for (const contact of contacts) {
    assert.deepEqual((await a.call('GET /v1/contacts/{id}', { params: { id: contact.id } })).ok, contact);
  }
  assert.equal((await a.call('DELETE /v1/companies/{id}', { params: { id: company.id }, version: 1 })).status, 204);
});

test('no contact ever points at a deleted company, whatever is written at the same moment', async () => {
  for (let round = 0; round < 10; round++) {
    const { company, contacts } = await companyWithContacts(1);
    const [{ id, version } = { id: '', version: 1 }] = contacts;
    await Promise.all([
      a.call('DELETE /v1/companies/{id}', { params: { id: company.id }, version: 1 }),
      a.call('POST /v1/contacts', { body: { name: 'Late', company_id: company.id } }),
      a.call('PATCH /v1/contacts/{id}', { params: { id }, version, body: { company_id: company.id } }),
      a.call('POST /v1/contacts', { body: { name: 'Later', company_id: company.id } }),
    ]);
  }
  const { rows } = await server.db.admin.query(
    'select c.id from crm.contacts c join crm.companies f using (tenant_id) where f.id = c.company_id and f.deleted_at is not null',
  );
  assert.deepEqual(rows, []);
});

test('names of companies need not be unique', async () => {
  const make = () => a.call('POST /v1/companies', { body: { name: 'Twice' } });
  assert.deepEqual([(await make()).status, (await make()).status], [201, 201]);
});
