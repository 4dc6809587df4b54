import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from 'uqr';
import {
  factorQr,
  factorStep,
  factorUri,
  newFactorSecret,
  newRecoveryCodes,
  recoveryHash,
} from '../../src/identity/factor.ts';

/** RFC 6238, Appendix B, SHA-1: the last 6 of its 8 digits. */
const SECRET = Buffer.from('12345678901234567890');
const VECTORS: [seconds: number, code: string][] = [
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
];

test('the codes of RFC 6238 are taken at their time, with the step they belong to', () => {
  for (const [seconds, code] of VECTORS)
    assert.equal(factorStep(SECRET, code, seconds * 1000), Math.floor(seconds / 30));
});

test('a code is taken one step early and late, always for its own step, and not two', () => {
  const [seconds, code] = [1_234_567_890, '005924'];
  const step = seconds / 30;
  const start = step * 30_000;
  for (const now of [start - 30_000, start - 1, start, start + 29_999, start + 59_999]) {
    assert.equal(factorStep(SECRET, code, now), step);
  }
  for (const now of [start - 30_001, start + 60_000]) assert.equal(factorStep(SECRET, code, now), undefined);
  assert.equal(factorStep(newFactorSecret(), code, start) === step, false);
});

test('a code may have the space that apps show, and nothing else', () => {
  const now = 59_000;
  for (const code of ['287082', '287 082', ' 287082\n']) assert.equal(factorStep(SECRET, code, now), 1);
  for (const code of [
    '',
    '28708',
    '2870820',
    '94287082',
    '28708x',
    '２８７０８２',
    '287-082',
    '2 87082',
    '+28708',
    '1e5   ',
  ]) {
    assert.equal(factorStep(SECRET, code, now), undefined, code);
  }
});

test('the address for the app names issuer and e-mail and carries the secret', () => {
  const secret = newFactorSecret();
  assert.equal(secret.length, 20);
  assert.notDeepEqual(newFactorSecret(), secret);
  const uri = new URL(factorUri({ secret: SECRET, issuer: 'Bakery: & Co', email: 'anna+1@bakery.example' }));
  assert.equal(uri.href.split('?')[0], 'otpauth://totp/Bakery%3A%20%26%20Co:anna%2B1%40bakery.example');
  assert.deepEqual(Object.fromEntries(uri.searchParams), {
    issuer: 'Bakery: & Co',
    secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
    algorithm: 'SHA1',
    digits: '6',
    period: '30',
  });
});

test('the QR code draws exactly its modules, has a title, and needs neither style nor script', () => {
  const uri = factorUri({ secret: SECRET, issuer: 'Bakery', email: 'anna@bakery.example' });
  const svg = factorQr(uri);
  const { size, data } = encode(uri, { ecc: 'M', border: 4 });
  const drawn = data.map((row) => row.map(() => false));
  const path = /fill="#000" d="([^"]+)"/.exec(svg)?.[1] ?? '';
  for (const [, x, y, length] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)) {
    drawn[Number(y)]?.fill(true, Number(x), Number(x) + Number(length));
  }
  assert.deepEqual(drawn, data);
  assert.ok(svg.startsWith(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" role="img"`));
  assert.match(svg, /<title>[^<]+<\/title>/);
  assert.doesNotMatch(svg, /style|script|[ "]on[a-z]+=|href/);
});

test('ten recovery codes are different, of 80 bits, and written in groups', () => {
  const codes = newRecoveryCodes();
  assert.equal(new Set(codes).size, 10);
  for (const code of codes) assert.match(code, /^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/);
  // every one of the 80 bits varies
  const many = Array.from({ length: 30 }, newRecoveryCodes)
    .flat()
    .map((code) => code.replaceAll('-', ''));
  for (let at = 0; at < 16; at++) assert.ok(new Set(many.map((code) => code[at])).size > 24);
});

test('a recovery code is one person’s, and read without regard to case, spaces, hyphens and look-alikes', () => {
  const code = '0O1I-LA2B-3C4D-5E6F';
  const stored = recoveryHash('p1', '0011-1A2B-3C4D-5E6F');
  assert.equal(stored.length, 32);
  for (const read of [code, code.toLowerCase(), '0011 1a2b 3c4d 5e6f', ' oo1il-a2b3c4d5e6f ']) {
    assert.deepEqual(recoveryHash('p1', read), stored);
  }
  for (const [person, other] of [
    ['p2', code],
    ['p1', '0011-1A2B-3C4D-5E6G'],
    ['p1', ''],
    ['p10', '011-1A2B-3C4D-5E6F'],
  ] as const) {
    assert.notDeepEqual(recoveryHash(person, other), stored);
  }
});
