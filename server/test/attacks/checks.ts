import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { SealRing } from '@businessos/tenancy/testing';
import type pg from 'pg';
import { attempt, type Outcome, type Stage } from '../isolation/stage.ts';

/**
 * Attacks as functions: each throws an AssertionError when the attack gets through, so that the same attack runs on
 * the database as it is and on one whose SQL was weakened on purpose. Some change the database: give each its own.
 */
type Check = (stage: Stage) => Promise<void>;

const READ = 'select name from crm.contacts';

/** One raw connection of the app role a stage; it ends when the stage's database is dropped. */
const apps = new WeakMap<Stage, Promise<pg.Client>>();

async function asApp(
  stage: Stage,
  seals: { tenant?: string; principal?: string },
  text: string,
  values: unknown[] = [],
): Promise<Outcome> {
  const app = apps.get(stage) ?? stage.connect('bos_app');
  apps.set(stage, app);
  return await attempt(await app, seals, text, values);
}

const sealOf = ({ seals }: Stage, tenant: string) => ({
  tenant: seals.tenant(tenant).text,
  principal: seals.principal(tenant, 's:attack', 'r1').text,
});

function flipped(seal: string, ...at: number[]): string {
  const all = [...seal];
  for (const place of at) all[place] = all[place] === '0' ? '1' : '0';
  return all.join('');
}

/** Seals of the right or the wrong length that no verification may take. */
function malformedSeals({ db, a, b, seals }: Stage): Record<string, string> {
  const good = seals.tenant(a).text;
  const other = new SealRing({ active: 'testkey1', keys: { testkey1: Buffer.alloc(32, 8).toString('base64') } });
  const retired = new SealRing({ active: 'retired1', keys: { retired1: Buffer.alloc(32, 9).toString('base64') } });
  return {
    'nothing at all': '',
    'the bare tenant id of the founding design': a,
    'another key': other.tenant(a).text,
    'a key id that is unknown': retired.tenant(a).text,
    'a quote in the key id': `test'ey1${good.slice(8)}`,
    'a multibyte key id': `tést€€y1${good.slice(8)}`,
    'a key id in upper case': `TESTKEY1${good.slice(8)}`,
    'a backslash in the tenant': `${good.slice(0, 20)}\\${good.slice(21)}`,
    'a multibyte character in the MAC': `${good.slice(0, -1)}é`,
    'upper-case hex': good.slice(0, 57) + good.slice(57).toUpperCase(),
    'another tenant under the same MAC': good.replace(a, b),
    'a later expiry under the same MAC': `${good.slice(0, 46)}9999999999${good.slice(56)}`,
    'an expired one': new SealRing(db.sealKeys, () => Date.now() - 400_000).tenant(a).text,
    'a MAC that is wrong in its first digit': flipped(good, 57),
    'a MAC that is wrong in its last digit': flipped(good, 120),
    'a MAC that is right in its first half': flipped(good, ...Array.from({ length: 32 }, (_, at) => 89 + at)),
    'a MAC that is right in its first digits': flipped(good, ...Array.from({ length: 56 }, (_, at) => 65 + at)),
    'one character more': `${good}0`,
    'one character less': good.slice(0, -1),
    'a blank in front': ` ${good}`,
    'no uuid': `testkey1.${'x'.repeat(36)}.9999999999.${'0'.repeat(64)}`,
    'a MAC of zeros': `${good.slice(0, 57)}${'0'.repeat(64)}`,
    SQL: `' or true --${' '.repeat(109)}`,
  };
}

/** V181: every malformed seal is one and the same 42501, for a read, a write and a delete. */
const malformedSealsAreRefused: Check = async (stage) => {
  const { principal } = sealOf(stage, stage.a);
  const insert = `insert into crm.companies (tenant_id, name) values ('${stage.a}', 'x')`;
  for (const [what, tenant] of Object.entries(malformedSeals(stage))) {
    for (const text of [READ, insert, 'update crm.contacts set name = name', 'delete from crm.contacts']) {
      const { state, text: told } = await asApp(stage, { tenant, principal }, text);
      assert.deepEqual([state, told], ['42501', 'no valid tenant scope'], `${what}: ${text}`);
    }
  }
  assert.equal((await asApp(stage, sealOf(stage, stage.a), READ)).count, 1);
};

/** V53: the pads of the signing key are out of reach; with them a tenant signs any other's seal. */
const keysAreOutOfReach: Check = async (stage) => {
  const pads = await asApp(stage, {}, "select kid, encode(ipad, 'hex') as i, encode(opad, 'hex') as o from seal.keys");
  const keys = pads.state === 'ok' ? (JSON.parse(pads.text) as { kid: string; i: string; o: string }[]) : [];
  for (const { kid, i, o } of keys) {
    const head = `${kid}.${stage.b}.9999999999`;
    const inner = createHash('sha256').update(Buffer.from(i, 'hex')).update(head).digest();
    const mac = createHash('sha256').update(Buffer.from(o, 'hex')).update(inner).digest('hex');
    assert.equal((await asApp(stage, { tenant: `${head}.${mac}` }, READ)).state, '42501', 'a forged seal was taken');
  }
  assert.equal(pads.state, '42501');
};

/** V183: a tenant that is fenced for a move deletes nothing, by delete or by merge. */
const fencedTenantDeletesNothing: Check = async (stage) => {
  await stage.db.admin.query("update tenancy.homes set state = 'fenced' where tenant_id = $1", [stage.a]);
  for (const text of [
    'delete from crm.contacts',
    'merge into crm.contacts t using (select 1) s on true when matched then delete',
    'with d as (delete from crm.contacts returning 1) select count(*) from d',
  ]) {
    assert.equal((await asApp(stage, sealOf(stage, stage.a), text)).state, 'BTFNC', text);
  }
};

/** V168: the server itself takes `do` from the app role. */
const doBlocksAreRefused: Check = async (stage) => {
  for (const language of ['plpgsql', 'sql'])
    assert.equal((await asApp(stage, {}, `do language ${language} 'begin end'`)).state, '42501', language);
};

/** V8: a tenant sees all of its own rows and no other. */
const ownRowsAreSeen: Check = async (stage) => {
  const { text } = await asApp(stage, sealOf(stage, stage.a), `${READ} where name = '' or true`);
  assert.equal(text, JSON.stringify([{ name: stage.marker(stage.a) }]));
};

/** What the rows of B cost A to see: a plain read, and one behind a forged claim. */
async function showsNothingForeign(stage: Stage): Promise<void> {
  const claim = `select set_config('app.current_tenant_id', 'testkey1.${stage.b}.9999999999.' || repeat('0', 64), true)`;
  for (const text of [READ, `${READ} where (${claim}) <> ''`, `${READ}, (${claim} offset 0) s`]) {
    const seen = await asApp(stage, sealOf(stage, stage.a), text);
    assert.ok(!seen.text.includes(stage.marker(stage.b)), `${text}: ${seen.text}`);
  }
  const write = await asApp(
    stage,
    sealOf(stage, stage.a),
    "insert into crm.contacts (tenant_id, name) values ($1, 'x')",
    [stage.b],
  );
  assert.equal(write.state, '42501');
}

/** V7 V175: a permissive policy that somebody adds shows and takes nothing foreign: the floor holds. */
const floorHolds: Check = async (stage) => {
  await stage.db.admin.query('create policy added on crm.contacts using (true) with check (true)');
  await showsNothingForeign(stage);
};

/** V175: without the floor nothing foreign is shown either: the policy holds. */
const policyHolds: Check = async (stage) => {
  await stage.db.admin.query('drop policy floor on crm.contacts');
  await showsNothingForeign(stage);
};

/** V184: no reference that PostgreSQL calls valid leads out of its tenant. */
const noReferenceCrosses: Check = async ({ db }) => {
  const { rows: keys } = await db.admin.query<{
    name: string;
    near: string;
    far: string;
    joined: string;
    set: string;
  }>(`
    select k.conname as name, k.conrelid::regclass::text as near, k.confrelid::regclass::text as far,
      u.joined, u.set from pg_constraint k join pg_class c on c.oid = k.conrelid and c.relrowsecurity
    join pg_class p on p.oid = k.confrelid and p.relrowsecurity
    cross join lateral (select string_agg(format('n.%I = f.%I', a.attname, b.attname), ' and ') as joined,
        string_agg(format('n.%I is not null', a.attname), ' and ') as set
      from unnest(k.conkey, k.confkey) u(x, y) join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.x
      join pg_attribute b on b.attrelid = k.confrelid and b.attnum = u.y) u
    where k.contype = 'f' and k.convalidated`);
  assert.notEqual(keys.length, 0);
  for (const { name, near, far, joined, set } of keys) {
    const { rowCount } = await db.admin.query(
      `select 1 from ${near} n where ${set} and not exists (select from ${far} f where ${joined})`,
    );
    assert.equal(rowCount, 0, `${name}: valid, with a reference that leads nowhere in its tenant`);
  }
};

export const checks = {
  malformedSealsAreRefused,
  keysAreOutOfReach,
  fencedTenantDeletesNothing,
  doBlocksAreRefused,
  ownRowsAreSeen,
  floorHolds,
  policyHolds,
  noReferenceCrosses,
};
