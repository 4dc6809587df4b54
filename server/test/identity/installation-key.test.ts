import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { macKey, unwrap, wrap } from '../../src/identity/installation-key.ts';
import { rootKey } from '../../src/key-files.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'bos-root-'));
after(() => rmSync(dataDir, { recursive: true }));
const key = rootKey(dataDir);
const path = join(dataDir, 'keys/root.json');

test('the root key is made once, for this user only', () => {
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(rootKey(dataDir).equals(key), true);
  assert.equal(key.symmetricKeySize, 32);
  const other = mkdtempSync(join(tmpdir(), 'bos-root-'));
  assert.equal(rootKey(other).equals(key), false);
  rmSync(other, { recursive: true });
});

test('a root key that others can read, or that is none, is refused by the name of its file', () => {
  const text = readFileSync(path, 'utf8');
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(path, mode);
    assert.throws(() => rootKey(dataDir), { message: /root\.json: others can read this key; chmod 600/ });
  }
  chmodSync(path, 0o600);
  const bytes = Object.values(JSON.parse(text) as Record<string, string>)[0];
  for (const wrong of [{}, [], { k: 'AAAA' }, { k: 1 }, { k: null }, { k: bytes, l: bytes }]) {
    writeFileSync(path, JSON.stringify(wrong));
    assert.throws(
      () => rootKey(dataDir),
      { message: /root\.json: expected one key of 32 bytes/ },
      JSON.stringify(wrong),
    );
  }
  writeFileSync(path, text);
  assert.equal(rootKey(dataDir).equals(key), true);
});

test('what is wrapped opens for its purpose, row and key, and is another text each time', () => {
  for (const length of [0, 1, 20, 5_000]) {
    const bytes = randomBytes(length);
    const wrapped = wrap(key, 'totp', 'r1', bytes);
    assert.equal(wrapped.length, length + 28);
    assert.notDeepEqual(wrap(key, 'totp', 'r1', bytes), wrapped);
    assert.deepEqual(unwrap(key, 'totp', 'r1', wrapped), bytes);
    assert.deepEqual(unwrap(key, 'totp', 'r1', Uint8Array.from(wrapped)), bytes);
  }
});

test('what was wrapped by an earlier program opens', () => {
  const old = createSecretKey(Buffer.alloc(32, 1));
  assert.equal(
    unwrap(
      old,
      'totp',
      '22222222-2222-4222-8222-222222222222',
      Buffer.from('000102030405060708090a0bdcc9f9424590aa6547553dcfaa60c323391e9e58cd68', 'hex'),
    ).toString(),
    'golden',
  );
  assert.equal(
    macKey(old, 'device').export().toString('hex'),
    'fa4ef2be1818c558b19e7b06f9e989be60c86a13a98bacad56f037de56767ba8',
  );
});

test('another purpose, row or key, every changed bit, every cut and every addition are refused', () => {
  const bytes = Buffer.from('JBSWY3DPEHPK3PXP');
  const wrapped = wrap(key, 'totp', 'r1', bytes);
  const refused = { message: "totp: does not open for this row with this installation's key" };
  assert.throws(() => unwrap(key, 'mail', 'r1', wrapped), /mail: does not open/);
  assert.throws(() => unwrap(key, 'totp', 'r2', wrapped), refused);
  assert.throws(() => unwrap(key, 'tot', 'pr1', wrapped), /does not open/);
  assert.throws(() => unwrap(createSecretKey(randomBytes(32)), 'totp', 'r1', wrapped), refused);
  for (let bit = 0; bit < wrapped.length * 8; bit++) {
    const changed = Buffer.from(wrapped);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.throws(() => unwrap(key, 'totp', 'r1', changed), refused);
  }
  for (let length = 0; length < wrapped.length; length++) {
    assert.throws(() => unwrap(key, 'totp', 'r1', wrapped.subarray(0, length)), refused);
    assert.throws(() => unwrap(key, 'totp', 'r1', wrapped.subarray(wrapped.length - length)), refused);
  }
  assert.throws(() => unwrap(key, 'totp', 'r1', Buffer.concat([wrapped, Buffer.from([0])])), refused);
});

test('each purpose has a MAC key of its own', () => {
  assert.equal(macKey(key, 'device').equals(macKey(key, 'device')), true);
  assert.equal(macKey(key, 'device').equals(macKey(key, 'csrf')), false);
  assert.equal(macKey(key, 'device').equals(key), false);
});
