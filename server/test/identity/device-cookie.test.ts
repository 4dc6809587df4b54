import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { knownDevice, newDevice } from '../../src/identity/device-cookie.ts';

const key = createSecretKey(randomBytes(32));
const anna = 'anna@bakery.example';
const ben = 'ben@bakery.example';

test('a browser is known to the e-mail that signed in from it, by a stable id, and to no other', () => {
  const cookie = newDevice(key, anna);
  const id = knownDevice(key, anna, cookie);
  assert.match(id ?? '', /^[A-Za-z0-9_-]{22}$/);
  assert.equal(knownDevice(key, anna, cookie), id);
  assert.equal(knownDevice(key, ben, cookie), undefined);
  assert.equal(knownDevice(createSecretKey(randomBytes(32)), anna, cookie), undefined);
  assert.notEqual(knownDevice(key, anna, newDevice(key, anna)), id);
});

test('a value that was changed or made up is unknown', () => {
  const cookie = newDevice(key, anna);
  const [, mac = ''] = cookie.split('.');
  for (let at = 0; at < cookie.length; at++) {
    const changed = cookie.slice(0, at) + (cookie[at] === 'A' ? 'B' : 'A') + cookie.slice(at + 1);
    assert.equal(knownDevice(key, anna, changed), undefined);
  }
  for (const made of [
    '',
    '.',
    'x',
    cookie.slice(0, 22),
    `${cookie}.`,
    `.${mac}`,
    `${cookie}\n`,
    `${cookie}${`.${mac}`.repeat(8)}`,
  ]) {
    assert.equal(knownDevice(key, anna, made), undefined, made);
  }
});

test('people who share a browser all stay known, the latest eight of them', () => {
  const people = Array.from({ length: 9 }, (_, i) => `p${i}@bakery.example`);
  let cookie = '';
  for (const email of people) cookie = newDevice(key, email, cookie);
  const ids = people.map((email) => knownDevice(key, email, cookie));
  assert.equal(ids[0], undefined);
  assert.equal(new Set(ids.slice(1)).size, 1);
  assert.notEqual(ids[1], undefined);
  // who signs in again takes no second place
  assert.equal(newDevice(key, 'p3@bakery.example', cookie).length, cookie.length);
  assert.equal(knownDevice(key, 'p1@bakery.example', newDevice(key, 'p3@bakery.example', cookie)), ids[1]);
  // a cookie that is none is a new browser
  assert.notEqual(knownDevice(key, anna, newDevice(key, anna, 'nonsense')), undefined);
});
