import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { RouteKey } from '@businessos/contract';
import { catalogDifference, checkDatabase, migrate, readCatalog } from '@businessos/tenancy/admin';
import type { TestDatabase } from '@businessos/tenancy/testing';
import { migrations, productLogins, setupSql } from '../src/database.ts';
import { sweepOnboardings } from '../src/tenants/onboarding.ts';
import type { CallInput } from './client.ts';
import { asTenant, startOn, type TestServer } from './harness.ts';

// behind the harness, whose hook must be the first
const { testDatabase } = await import('@businessos/tenancy/testing');

/** What an earlier program left (fixtures/dump.ts prints it), and what of it is known beforehand. */
const LEFT = [
  {
    by: 'issue 1',
    file: 'issue-1.sql',
    contacts: { atelier: 2, kestrel: 265, nordwind: 252, orchard: 246 },
    suspended: 'kestrel',
    /** An onboarding that a kill interrupted. */
    halfway: 'halfway',
    tenant: 'nordwind',
    written: { name: "Zoë D'Àngelo-Łoś", email: 'Zoe@Saegewerk.example', status: 'customer', version: 2 },
    deleted: 'gone@saegewerk.example',
  },
];

const LISTS = {
  contacts: 'id, company_id, name, email, phone, status, owner, touched_at, version, created_at, updated_at',
  companies: 'id, name, domain, version, created_at, updated_at',
} as const;
type List = keyof typeof LISTS;
type Item = Record<string, unknown> & { id: string };

/** A tenant as the earlier program left it, read before anything of today ran. */
interface LeftTenant {
  id: string;
  slug: string;
  owner: string;
  about: Record<string, unknown>;
  lists: Record<List, Item[]>;
}

for (const { by, file, ...known } of LEFT) {
  const fixture = readFileSync(new URL(`fixtures/${file}`, import.meta.url), 'utf8');
  const db = await testDatabase({ fixture, setupSql: [setupSql], logins: productLogins });
  const left = await readLeft(db);
  const history = await readHistory(db);

  test(`the database that ${by} left holds what is known of it`, () => {
    const counts = Object.fromEntries(left.map(({ slug, lists }) => [slug, lists.contacts.length]));
    assert.deepEqual(counts, known.contacts);
    const { contacts } = leftTenant(left, known.tenant).lists;
    const found = contacts.find(({ email }) => email === known.written.email);
    assert.partialDeepStrictEqual(found, known.written);
    assert.ok(!contacts.some(({ email }) => email === known.deleted));
  });

  test(`two programs that migrate what ${by} left at once run each file once and leave a fresh database's schema`, async () => {
    const { sealKeys, cluster } = db;
    const options = { connection: db.connection('bos_migrator'), sets: [migrations], cluster, sealKeys };
    const both = await Promise.all([migrate(options), migrate(options)]);
    const now = await readHistory(db);
    assert.deepEqual(both.flat().sort(), now.filter((row) => !history.includes(row)).sort());
    assert.deepEqual(
      history.filter((row) => !now.includes(row)),
      [],
    );
    assert.deepEqual(await migrate(options), []);
    const golden = readFileSync(new URL('../schema.sql', import.meta.url), 'utf8')
      .trimEnd()
      .split('\n');
    const lines = golden.filter((line) => !line.startsWith('--'));
    assert.deepEqual(catalogDifference(lines, await readCatalog(db.admin)), []);
    const findings = await checkDatabase(db.connection('bos_app'), ['bos_app', 'bos_control', ...productLogins]);
    const wrong = findings.filter(({ id, severity }) => severity === 'error' && id !== 'L35'); // the server's version
    assert.deepEqual(wrong, []);
  });

  test(`two servers that start at once attest, serve and write what ${by} left`, async () => {
    const servers = await Promise.all([startOn(db), startOn(db)]);
    const [one, other] = servers;
    const suspended = leftTenant(left, known.suspended);
    for (const server of servers) {
      for (const tenant of left) {
        if (tenant !== suspended) await isServed(server, tenant);
        else assert.equal((await callAs(server, tenant, 'GET /v1/contacts')).problem.code, 'TENANT_SUSPENDED');
      }
    }
    const resumed = await one.operate('POST /v1/operator/tenants/{slug}/resume', { params: { slug: known.suspended } });
    assert.equal(resumed.ok.mode, 'open');
    await isServed(one, suspended);

    const writer = leftTenant(left, known.tenant);
    const { id } = writer.lists.contacts.find(({ email }) => email === known.written.email) as Item;
    const params = { id };
    const { version } = known.written;
    const changed = await callAs(one, writer, 'PATCH /v1/contacts/{id}', { params, version, body: { phone: '+49 1' } });
    assert.partialDeepStrictEqual(changed.ok, { ...known.written, phone: '+49 1', version: version + 1 });
    const made = await callAs(one, writer, 'POST /v1/contacts', { body: { name: 'New', email: known.deleted } });
    assert.equal(made.status, 201, 'the address of a contact that was deleted is free');
    for (const { ok } of [changed, made]) {
      const read = await callAs(other, writer, 'GET /v1/contacts/{id}', { params: { id: ok.id } });
      assert.deepEqual(read.ok, ok);
    }
    const gone = await db.admin.query<{ id: string }>(
      'select id from crm.contacts where email = $1 and deleted_at is not null',
      [known.deleted],
    );
    for (const row of gone.rows)
      assert.equal((await callAs(one, writer, 'GET /v1/contacts/{id}', { params: row })).problem.code, 'NOT_FOUND');
    assert.equal(gone.rows.length, 1);
  });

  test(`an onboarding that ${by} did not finish is finished`, async () => {
    const server = await startOn(db);
    const slug = known.halfway;
    await sweepOnboardings(server.platform.tenants, server.platform.steps, 0);
    const tenant = (await server.operate('GET /v1/operator/tenants/{slug}', { params: { slug } })).ok;
    assert.equal(tenant.mode, 'open');
    const { call } = await asTenant(server, tenant, slug);
    assert.equal((await call('GET /v1/contacts')).ok.items.length, 1, 'its owner');
  });
}

async function readHistory({ admin }: TestDatabase): Promise<string[]> {
  const { rows } = await admin.query<{ label: string }>(
    "select room || '/' || to_char(number, 'fm0000') || '_' || name as label from tenancy.migrations",
  );
  return rows.map(({ label }) => label);
}

/** Reads the open and the suspended tenants, as JSON like that of answers. */
async function readLeft({ admin }: TestDatabase): Promise<LeftTenant[]> {
  const read = async <T>(text: string, values: string[] = []): Promise<T[]> =>
    JSON.parse(JSON.stringify((await admin.query(text, values)).rows));
  const tenants = await read<{ id: string; slug: string }>(
    "select tenant_id as id, slug from control.tenants join tenancy.homes using (tenant_id) where mode in ('open', 'suspended')",
  );
  const left: LeftTenant[] = [];
  for (const { id, slug } of tenants) {
    const [about] = await read<LeftTenant['about']>(
      'select name, region, plan, config, created_at from control.tenants where tenant_id = $1',
      [id],
    );
    const [owner] = await read<{ person_id: string }>(
      "select person_id from identity.memberships where tenant_id = $1 and role = 'owner'",
      [id],
    );
    const list = (name: List) =>
      read<Item>(`select ${LISTS[name]} from crm.${name} where tenant_id = $1 and deleted_at is null order by id`, [
        id,
      ]);
    const lists = { contacts: await list('contacts'), companies: await list('companies') };
    left.push({ id, slug, owner: owner?.person_id ?? '', about: about ?? {}, lists });
  }
  return left;
}

function leftTenant(left: LeftTenant[], slug: string): LeftTenant {
  const found = left.find((tenant) => tenant.slug === slug);
  assert.ok(found, slug);
  return found;
}

/** Calls a route with a token of the tenant's owner. */
async function callAs<K extends RouteKey>(server: TestServer, tenant: LeftTenant, route: K, input: CallInput = {}) {
  const { tokenFor, call } = await asTenant(server, tenant, tenant.slug);
  return await call(route, { token: tokenFor('owner', tenant.owner), ...input });
}

/** Every value that was left is answered as it was; columns that came later may be there beside. */
async function isServed(server: TestServer, tenant: LeftTenant): Promise<void> {
  const about = (await callAs(server, tenant, 'GET /v1/tenant')).ok;
  assert.partialDeepStrictEqual(about, tenant.about);
  for (const name of ['contacts', 'companies'] as const) {
    const served: Item[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const query: Record<string, string> = { limit: '100', ...(after && { after }) };
      const page = (await callAs(server, tenant, `GET /v1/${name}`, { query })).ok;
      served.push(...page.items);
      after = page.next;
    }
    const byId = new Map(served.map((item) => [item.id, item]));
    assert.equal(byId.size, tenant.lists[name].length);
    for (const item of tenant.lists[name]) assert.partialDeepStrictEqual(byId.get(item.id), item);
  }
}
