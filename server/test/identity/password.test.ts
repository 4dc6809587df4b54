import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hash } from '@node-rs/argon2';
import { hashPassword, needsRehash, passwordProblem, verifyPassword } from '../../src/identity/password.ts';

const own = { email: 'anna.smith@bakery.example', slug: 'blue-bakery', name: 'The Blue Bakery' };
const problemOf = (text: string) => passwordProblem(text, own)?.problem;

test('a password fits its own hash only, in whatever Unicode spelling it is typed', async () => {
  const composed = 'crème brûlée à la carte';
  const hashed = await hashPassword(composed);
  assert.match(hashed, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(await hashPassword(composed), hashed);
  assert.equal(await verifyPassword(hashed, composed), true);
  assert.equal(await verifyPassword(hashed, composed.normalize('NFD')), true);
  assert.equal(await verifyPassword(await hashPassword(composed.normalize('NFD')), composed), true);
  for (const other of ['', composed.toUpperCase(), `${composed} `, 'creme brulee a la carte']) {
    assert.equal(await verifyPassword(hashed, other), false);
  }
});

test('no text is the password of nobody', async () => {
  for (const text of ['', 'correct horse battery', 'x'.repeat(5_000)])
    assert.equal(await verifyPassword(null, text), false);
});

test('the longest password counts to its last byte, and longer texts are cut for no one', async () => {
  const longest = '🔑'.repeat(200);
  assert.equal(problemOf(longest), undefined);
  const hashed = await hashPassword(longest);
  assert.equal(await verifyPassword(hashed, longest), true);
  assert.equal(await verifyPassword(hashed, `${longest}x`), false);
  await assert.rejects(hashPassword(`${longest}x`), RangeError);
});

test('a hash of another cost is to be made anew, and still fits until then', async () => {
  const text = 'correct horse battery';
  assert.equal(needsRehash(await hashPassword(text)), false);
  for (const other of [{ memoryCost: 9_728 }, { timeCost: 3 }, { parallelism: 2 }]) {
    const hashed = await hash(text, { memoryCost: 19_456, timeCost: 2, parallelism: 1, ...other });
    assert.equal(needsRehash(hashed), true);
    assert.equal(await verifyPassword(hashed, text), true);
  }
});

test('all hashing and verifying of the process, also for nobody, shares 2 places and 32 that wait', async () => {
  const hashed = await hashPassword('correct horse battery');
  const work = [
    () => hashPassword('correct horse battery'),
    () => verifyPassword(hashed, 'correct horse battery'),
    () => verifyPassword(null, 'correct horse battery'),
  ];
  const all = Array.from({ length: 34 }, (_, i) => work[i % 3]?.());
  for (const more of work) await assert.rejects(more, { code: 'BUSY' });
  await Promise.race(all);
  // one has ended, so exactly one has its place
  all.push(verifyPassword(null, 'correct horse battery'));
  await assert.rejects(hashPassword('correct horse battery'), { code: 'BUSY' });
  assert.deepEqual(
    (await Promise.all(all)).map((answer) => typeof answer),
    [...Array.from({ length: 34 }, (_, i) => (i % 3 === 0 ? 'string' : 'boolean')), 'boolean'],
  );
});

test('a password has 12 to 200 characters of any kind, counted as people count them', () => {
  assert.match(problemOf('elevenchars') ?? '', /fewer than 12/);
  assert.equal(problemOf('twelve chars'), undefined);
  assert.match(problemOf('é'.normalize('NFD').repeat(11)) ?? '', /fewer than 12/);
  assert.match(problemOf('🔑'.repeat(11)) ?? '', /fewer than 12/);
  assert.equal(problemOf('            '), undefined);
  assert.equal(problemOf(`${'x1'.repeat(99)} y`), undefined);
  assert.match(problemOf(`${'x1'.repeat(100)}y`) ?? '', /more than 200/);
  assert.match(problemOf('x'.repeat(100_000)) ?? '', /more than 200/);
  assert.equal(problemOf('ǖ'.normalize('NFD').repeat(200)), undefined);
  assert.match(problemOf('half a \ud83d character') ?? '', /half a character/);
});

test('a common password is refused in any case', () => {
  // the first two and the last two of 12 or more characters in the source; then the first, a middle and the last hash
  const lines = ['123qweasdzxc', '1qaz2wsx3edc', 'VJHT29061987', 'vjht123jltccf'];
  for (const text of [...lines, 'zhannat_utegulov', '9290narcotic', 'nata4005701109']) {
    assert.match(problemOf(text) ?? '', /common/);
    assert.match(problemOf(text.toUpperCase()) ?? '', /common/);
  }
  assert.equal(problemOf('123qweasdzxc u'), undefined);
});

test('the list is sorted, without repeats, of the expected length, with its licence beside it', () => {
  const assets = new URL('../../assets/', import.meta.url);
  const list = readFileSync(new URL('common-passwords.bin', assets));
  assert.equal(list.length, 43_940 * 8);
  for (let at = 8; at < list.length; at += 8) {
    assert.equal(list.compare(list, at - 8, at, at, at + 8), 1, `at ${at}`);
  }
  assert.match(readFileSync(new URL('common-passwords.md', assets), 'utf8'), /ShareAlike 3\.0/);
});

test('what is nothing but the own e-mail, address and name is refused, in any order, case and punctuation', () => {
  for (const text of [
    'anna.smith@bakery.example',
    'ANNA.SMITH@bakery.example',
    ' Anna_Smith!!! ',
    'annasmithannasmith',
    'Blue Bakery -',
    'the blue bakery',
    'ｔｈｅ ｂｌｕｅ ｂａｋｅｒｙ',
    'BlueBakery/AnnaSmith',
    'anna.smith@bakery.example the blue bakery',
  ]) {
    assert.match(problemOf(text) ?? '', /is only your e-mail/, text);
  }
  for (const text of ['annasmith likes rye', 'the blue bakery of mine', '!?!?!?!?!?!?', 'Anna Schmith xx']) {
    assert.equal(problemOf(text), undefined, text);
  }
  assert.match(passwordProblem('anna.smith..', { email: own.email })?.problem ?? '', /is only your e-mail/);
  // words that overlap in many ways take no longer
  assert.equal(passwordProblem(`${'a'.repeat(199)}b`, { email: 'aa@x', slug: 'aaa', name: 'aaaa' }), undefined);
});

test('a problem names the field and what to do', () => {
  assert.deepEqual(passwordProblem('short', own), {
    field: 'password',
    problem: 'has fewer than 12 characters',
    fix: 'choose at least 12 characters; a few unrelated words do well',
  });
});
