import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DemoTenant, demoTenants } from '../src/demo/generate.ts';

const now = new Date('2026-03-11T10:20:30Z');
const tenants = demoTenants(now);
const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id);
const everyId = ({ id, people, companies, contacts }: DemoTenant) => [
  id,
  ...ids(people),
  ...ids(companies),
  ...ids(contacts),
];
const everyMail = ({ people, contacts }: DemoTenant) => [...people, ...contacts].flatMap(({ email }) => email ?? []);

function tenant(slug: string): DemoTenant {
  const found = tenants.find((candidate) => candidate.slug === slug);
  assert.ok(found, `no tenant ${slug}`);
  return found;
}

function assertDistinct(values: readonly string[]): void {
  assert.deepEqual(
    values.filter((value, index) => values.indexOf(value) !== index),
    [],
  );
}

test('the same now gives equal data that shares no object with an earlier call', () => {
  const again = demoTenants(new Date(now));
  assert.deepEqual(again, tenants);
  again[0]?.contacts.pop();
  assert.deepEqual(demoTenants(now), tenants);
});

test('another now moves the dates and changes nothing else', () => {
  const undated = (list: DemoTenant[]) =>
    JSON.parse(JSON.stringify(list, (key, value) => (/^(touched|created)At$/.test(key) ? null : value)));
  for (const other of ['2024-02-29T00:00:00Z', '2026-03-14T23:59:59.999Z', '2031-12-31T12:00:00Z']) {
    const moved = demoTenants(new Date(other));
    assert.deepEqual(undated(moved), undated(tenants));
    assert.notDeepEqual(moved, tenants);
  }
});

test('an invalid now is refused', () => {
  assert.throws(() => demoTenants(new Date('never')), /now must be a valid date/);
});

test('the three tenants have their plan, place and people', () => {
  assert.deepEqual(
    tenants.map(({ slug, name, region, plan, config }) => ({ slug, name, region, plan, ...config })),
    [
      {
        slug: 'nordwind',
        name: 'Nordwind Energie',
        region: 'eu',
        plan: 'pro',
        providers: [],
        locale: 'de-DE',
        time_zone: 'Europe/Berlin',
        factor_required: false,
      },
      {
        slug: 'orchard',
        name: 'Orchard & Vine',
        region: 'eu',
        plan: 'free',
        providers: [],
        locale: 'en-IE',
        time_zone: 'Europe/Dublin',
        factor_required: false,
      },
      {
        slug: 'kestrel',
        name: 'Kestrel Audio',
        region: 'eu',
        plan: 'enterprise',
        providers: [],
        locale: 'en-GB',
        time_zone: 'Europe/London',
        factor_required: false,
      },
    ],
  );
  for (const { people } of tenants) {
    assert.deepEqual(
      people.map((person) => person.role),
      ['owner', 'member'],
    );
  }
});

test('each tenant has about 40 companies and 250 contacts, of every status', () => {
  for (const { slug, companies, contacts } of tenants) {
    assert.ok(companies.length >= 38 && companies.length <= 45, `${slug}: ${companies.length} companies`);
    assert.ok(contacts.length >= 240 && contacts.length <= 270, `${slug}: ${contacts.length} contacts`);
    const statuses = Map.groupBy(contacts, (contact) => contact.status);
    assert.deepEqual([...statuses.keys()].sort(), ['active', 'customer', 'former', 'lead']);
    for (const [status, rows] of statuses) assert.ok(rows.length >= 15, `${slug}: ${rows.length} ${status}`);
  }
});

test('ids are random-looking UUIDs and unique within a tenant', () => {
  for (const one of tenants) {
    for (const id of everyId(one))
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assertDistinct(everyId(one));
  }
});

test('nordwind and orchard share the ids of their first 20 companies and 100 contacts, and no others', () => {
  const [nordwind, orchard] = [tenant('nordwind'), tenant('orchard')];
  assert.deepEqual(ids(nordwind.companies).slice(0, 20), ids(orchard.companies).slice(0, 20));
  assert.deepEqual(ids(nordwind.contacts).slice(0, 100), ids(orchard.contacts).slice(0, 100));
  const theirs = new Set(everyId(orchard));
  assert.equal(everyId(nordwind).filter((id) => theirs.has(id)).length, 120);
  for (let index = 0; index < 100; index++) {
    assert.notEqual(nordwind.contacts[index]?.name, orchard.contacts[index]?.name);
  }
});

test('kestrel shares no id with another tenant', () => {
  const others = new Set([...everyId(tenant('nordwind')), ...everyId(tenant('orchard'))]);
  assert.deepEqual(
    everyId(tenant('kestrel')).filter((id) => others.has(id)),
    [],
  );
});

test('companies and owners of contacts belong to the same tenant', () => {
  for (const { companies, contacts, people } of tenants) {
    const [companyIds, personIds] = [new Set(ids(companies)), new Set(ids(people))];
    for (const { companyId, owner } of contacts) {
      assert.ok(companyId === null || companyIds.has(companyId));
      assert.ok(owner === null || personIds.has(owner));
    }
    for (const owner of [...personIds, null]) assert.ok(contacts.some((contact) => contact.owner === owner));
    assert.ok(contacts.some((contact) => contact.companyId === null));
    assert.ok(companies.some((company) => !contacts.some((contact) => contact.companyId === company.id)));
  }
});

test('every mail address is plain ASCII under .example and unique in its tenant whatever its case', () => {
  for (const one of tenants) {
    for (const email of everyMail(one)) assert.match(email, /^[a-z][a-z0-9.-]*[a-z0-9]@[a-z0-9-]+\.example$/);
    assertDistinct(everyMail(one).map((email) => email.toLowerCase()));
  }
});

test('every company domain ends in .example, is unique in its tenant, and is where its people have their mail', () => {
  for (const { companies, contacts } of tenants) {
    assertDistinct(companies.flatMap(({ domain }) => domain ?? []));
    for (const { id, domain } of companies) {
      if (domain === null) continue;
      assert.match(domain, /^[a-z0-9]+(-[a-z0-9]+)*\.example$/);
      for (const { companyId, email } of contacts) {
        if (companyId === id && email !== null) assert.ok(email.endsWith(`@${domain}`), `${email} at ${domain}`);
      }
    }
  }
});

test('every telephone number lies in a range that its regulator keeps for fiction', () => {
  const reserved = [
    /^\+49 (30 23125|40 66969|69 90009|89 99998|221 4710) \d{3}$/,
    /^\+49 (171 39200\d\d|176 040690\d\d)$/,
    /^\+44 (20 7946|29 2018|1(13|17|21|31|41|61) 496) 0\d{3}$/,
    /^\+44 (1632 960|7700 900)\d{3}$/,
    /^\+33 (1 99 00|2 61 91|3 53 01|4 65 71|6 39 98) \d\d \d\d$/,
    /^\+353 20 91\d \d{4}$/,
    /^\+46 (8 465 004|31 390 06) \d\d$/,
    /^\+1 (312|503) 555 01\d\d$/,
  ];
  for (const { contacts } of tenants) {
    const phones = contacts.flatMap(({ phone }) => phone ?? []);
    for (const phone of phones)
      assert.ok(
        reserved.some((range) => range.test(phone)),
        phone,
      );
    assertDistinct(phones);
    assert.ok(phones.length > contacts.length / 3);
    for (const { email, phone } of contacts) assert.ok(email !== null || phone !== null);
  }
});

test('nothing lies after now, and what was touched in 18 months was created before', () => {
  const moments = ['2026-03-11T10:20:30Z', '2026-03-14T03:00:00Z', '2026-03-16T00:00:00Z', '2028-02-29T23:59:59Z'];
  for (const moment of moments.map((text) => new Date(text))) {
    const oldest = new Date(moment);
    oldest.setUTCMonth(oldest.getUTCMonth() - 18);
    for (const { companies, contacts } of demoTenants(moment)) {
      for (const { companyId, createdAt, touchedAt } of contacts) {
        assert.ok(touchedAt <= moment && touchedAt >= oldest, touchedAt.toISOString());
        assert.ok(createdAt < touchedAt);
        const company = companies.find(({ id }) => id === companyId);
        assert.ok(company === undefined || company.createdAt < createdAt);
      }
      for (const { createdAt } of companies) assert.ok(createdAt <= moment);
    }
  }
});

test('contacts were touched in every quarter of a year of the 18 months', () => {
  for (const { slug, contacts } of tenants) {
    const quarters = new Set(contacts.map(({ touchedAt }) => Math.floor((+now - +touchedAt) / (91 * 86_400_000))));
    for (let quarter = 0; quarter < 6; quarter++) assert.ok(quarters.has(quarter), `${slug}: quarter ${quarter}`);
  }
});

test('no full name occurs twice in a tenant, nor more than twice in the demo', () => {
  const names = tenants.map(({ people, contacts }) => [...people, ...contacts].map(({ name }) => name));
  for (const list of names) assertDistinct(list);
  for (const [name, bearers] of Map.groupBy(names.flat(), (full) => full)) assert.ok(bearers.length <= 2, name);
});

test('names carry the apostrophes, umlauts and other letters that software likes to break', () => {
  const names = tenants.flatMap(({ contacts, companies }) => [...contacts, ...companies].map(({ name }) => name));
  for (const part of ["O'Driscoll", "D'Angelo", "'t ", 'Müller-Lüdenscheidt', 'Yıldırım', 'Trần', 'Łukasz', 'ß', 'ð']) {
    assert.ok(
      names.some((name) => name.includes(part)),
      part,
    );
  }
  const letters = new Set(names.join('').match(/[^\P{L}a-zA-Z]/gu));
  assert.ok(letters.size >= 60, [...letters].join(''));
  for (const name of names) {
    assert.equal(name, name.normalize('NFC'));
    assert.equal(name, name.trim());
  }
});
