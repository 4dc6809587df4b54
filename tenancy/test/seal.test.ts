import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newSealKeys, sql } from '../src/index.ts';
import { parseSealKeys, SealRing, sealPads } from '../src/seal.ts';
import { openStage } from './stage.ts';

const db = await openStage();
const [a, b] = db.tenants;
const PRINCIPAL = 'u:00000000-0000-4000-8000-0000000000aa';

/** What PostgreSQL says of these settings: the tenant and principal that it verified, or its error code. */
async function verify(seal: string, principal = ''): Promise<unknown> {
  await db.admin.query('begin');
  try {
    await db.admin.query(
      "select set_config('app.current_tenant_id', $1, true), set_config('app.current_principal', $2, true)",
      [seal, principal],
    );
    const text =
      principal === ''
        ? 'select tenancy.current_tenant() as tenant'
        : 'select tenancy.current_tenant() as tenant, p.principal, p.request_id from tenancy.current_principal() p';
    return (await db.admin.query(text)).rows[0];
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await db.admin.query('rollback');
  }
}

async function install(...rings: { keys: Record<string, string>; active: string }[]): Promise<void> {
  await db.admin.query('delete from seal.keys');
  for (const ring of rings)
    for (const [kid, key] of parseSealKeys(ring)) {
      const { ipad, opad } = sealPads(key);
      await db.admin.query('insert into seal.keys values ($1, $2, $3) on conflict do nothing', [kid, ipad, opad]);
    }
}

test('a seal is 121 characters of one form, and PostgreSQL verifies it for its tenant only', async () => {
  const seals = new SealRing(db.sealKeys);
  const { text } = seals.tenant(a);
  assert.match(text, /^[a-z0-9]{8}\.[0-9a-f-]{36}\.\d{10}\.[0-9a-f]{64}$/);
  assert.equal(text.length, 121);
  assert.deepEqual(await verify(text), { tenant: a });
  assert.equal(await verify(text.replace(a, b)), '42501');
  const parts = text.split('.');
  assert.equal(await verify([parts[0], parts[1], String(Number(parts[2]) + 1), parts[3]].join('.')), '42501');
  for (let at = 0; at < text.length; at += 7) {
    if (at === 56) continue; // the dot before the MAC, which says nothing
    const other = text[at] === '0' ? '1' : '0';
    assert.equal(await verify(text.slice(0, at) + other + text.slice(at + 1)), '42501', `character ${at}`);
  }
});

test('a principal is verified with its own tenant’s seal, and with no other', async () => {
  const seals = new SealRing(db.sealKeys);
  const principal = seals.principal(a, PRINCIPAL, 'request-1').text;
  assert.deepEqual(await verify(seals.tenant(a).text, principal), {
    tenant: a,
    principal: PRINCIPAL,
    request_id: 'request-1',
  });
  assert.equal(await verify(seals.tenant(b).text, principal), '42501');
  assert.equal(await verify(seals.tenant(a).text, principal.replace(a, b)), '42501');
  assert.equal(await verify(seals.tenant(a).text, principal.replace('u:', 'o:')), '42501');
  assert.equal(await verify(seals.tenant(a).text, principal.replace('request-1', 'request-2')), '42501');
  assert.equal(await verify(principal), '42501', 'one kind of seal is not the other');
});

test('keys rotate: both verify meanwhile, and one that is deleted is dead at the next statement', async () => {
  const tenancy = await db.tenancy({ connections: 1, multiplexed: 1 });
  const read = sql('rotation')`select body from shop.notes`;
  const works = async () => {
    const { rows } = await tenancy.withTenant(a, PRINCIPAL, () => tenancy.query(read));
    await tenancy.withTenant(a, PRINCIPAL, () => tenancy.query(sql`update shop.notes set n = 1`));
    assert.deepEqual(rows, [{ body: db.marker(a) }]);
  };
  const next = newSealKeys(db.sealKeys);
  const old = new SealRing(db.sealKeys).tenant(a).text;
  const young = new SealRing(next).tenant(a).text;
  await works();
  assert.equal(await verify(young), '42501', 'a key that is not installed yet');
  await install(next);
  assert.deepEqual([await verify(old), await verify(young)], [{ tenant: a }, { tenant: a }]);
  await works();
  tenancy.rotateSealKeys(next);
  await works();
  const { [db.sealKeys.active]: _, ...kept } = next.keys;
  await install({ active: next.active, keys: kept });
  assert.equal(await verify(old), '42501');
  await works();
  await install(db.sealKeys);
  await assert.rejects(
    tenancy.withTenant(a, PRINCIPAL, () => tenancy.query(read)),
    { code: 'FORBIDDEN' },
  );
});

test('a seal is renewed at half of its life, and expires by the database’s clock', async () => {
  let now = Date.now();
  const seals = new SealRing(db.sealKeys, () => now);
  const first = seals.tenant(a);
  now += 149_000;
  assert.equal(seals.tenant(a), first, 'it still has half of its life');
  now += 2_000;
  const second = seals.tenant(a);
  assert.notEqual(second.text, first.text);
  assert.equal(Number(second.text.split('.')[2]) - Number(first.text.split('.')[2]), 151);
  now = Date.now() - 299_000;
  assert.deepEqual(await verify(new SealRing(db.sealKeys, () => now).tenant(a).text), { tenant: a });
  now = Date.now() - 301_000;
  const late = new SealRing(db.sealKeys, () => now);
  assert.equal(await verify(late.tenant(a).text), '42501');
  assert.equal(await verify(seals.tenant(a).text, late.principal(a, PRINCIPAL, 'r').text), '42501');
});

test('the cache of seals is bounded, and one that fell out is minted again', () => {
  const seals = new SealRing(db.sealKeys);
  const uuid = (i: number) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
  const first = seals.tenant(uuid(0));
  for (let i = 1; i < 5_000; i++) seals.tenant(uuid(i));
  assert.equal(seals.tenant(uuid(0)), first);
  seals.tenant(uuid(5_000));
  assert.notEqual(seals.tenant(uuid(0)), first);
  assert.equal(seals.tenant(uuid(5_000)), seals.tenant(uuid(5_000)));
});

test('a key ring with a short key, an odd key id, or without its active key is refused by name', () => {
  const good = Buffer.alloc(32, 1).toString('base64');
  const bad: [ring: { active: string; keys: Record<string, string> }, words: RegExp][] = [
    [{ active: 'aaaaaaaa', keys: { aaaaaaaa: Buffer.alloc(31).toString('base64') } }, /aaaaaaaa.*32 to 64 bytes/],
    [{ active: 'aaaaaaaa', keys: { aaaaaaaa: Buffer.alloc(65).toString('base64') } }, /32 to 64 bytes/],
    [{ active: 'AAAAAAAA', keys: { AAAAAAAA: good } }, /8 letters/],
    [{ active: 'aaaaaaa', keys: { aaaaaaa: good } }, /8 letters/],
    [{ active: 'bbbbbbbb', keys: { aaaaaaaa: good } }, /active key/],
  ];
  for (const [ring, words] of bad) assert.throws(() => new SealRing(ring), words);
  const ring = newSealKeys();
  assert.notEqual(newSealKeys().keys[ring.active], ring.keys[ring.active]);
});
