import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { newApiKey, parseApiKey } from '../../src/identity/api-key.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';

test('a key has the form that scanners look for, and gives its tenant and the hash of the whole', () => {
  const tenantId = randomUUID();
  const key = newApiKey(tenantId);
  assert.match(key, /^bosk_[0-9a-f]{32}_[A-Za-z0-9]{39}$/);
  assert.deepEqual(parseApiKey(key), { tenantId, hash: createHash('sha256').update(key).digest() });
  assert.notEqual(newApiKey(tenantId), key);
});

test('the form of keys in use does not change', () => {
  const body = 'bosk_11111111111141118111111111111111_0123456789ABCDEFGHIJKLMNOPQRSTUV';
  assert.equal(parseApiKey(`${body}1uo86cc`)?.tenantId, TENANT);
});

test('a key with any one character changed, two swapped, or of another form is refused', () => {
  const key = newApiKey(TENANT);
  const wrong = [
    key.slice(1),
    key.slice(0, -1),
    `${key}0`,
    `${key}\n`,
    ` ${key}`,
    key.toUpperCase(),
    key.replace('bosk', 'bosq'),
    '',
  ];
  for (let at = 5; at < key.length; at++) {
    const other = key[at] === '1' ? '2' : '1';
    wrong.push(key.slice(0, at) + other + key.slice(at + 1));
    const swapped = `${key.slice(0, at)}${key[at + 1] ?? ''}${key[at]}${key.slice(at + 2)}`;
    if (swapped !== key) wrong.push(swapped);
  }
  for (const text of wrong) assert.equal(parseApiKey(text), undefined, text);
});

test('no character of a key is likelier than another', () => {
  const text = Array.from({ length: 1000 }, () => newApiKey(TENANT).slice(38, 70)).join('');
  assert.equal(text.length, 32_000);
  const first = [...text].filter((character) => character < '8').length / text.length;
  // 8 of 62; taking bytes modulo 62 would give 40 of 256. Seven sigma lie between.
  assert.ok(first < 0.1425 && first > 0.1155, String(first));
  assert.equal(new Set(text).size, 62);
});
