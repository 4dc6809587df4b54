import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSlug, reservedSlugs, slugPattern } from '../src/index.ts';

const refusals: [string, string][] = [
  ['', 'too_short'],
  ['ab', 'too_short'],
  ['a'.repeat(41), 'too_long'],
  ['Acme', 'characters'],
  ['1acme', 'characters'],
  ['-acme', 'characters'],
  ['acme-', 'characters'],
  ['ac--me', 'characters'],
  ['xn--bcher-kva', 'characters'],
  ['ac_me', 'characters'],
  ['ac.me', 'characters'],
  ['ac me', 'characters'],
  ['acme\n', 'characters'],
  ['bücher', 'characters'],
  ['\u212aestrel', 'characters'],
  ['id', 'reserved'],
  ['www', 'reserved'],
  ['postmaster', 'reserved'],
  ['businessos', 'reserved'],
];

test('a slug that cannot name a tenant is refused with its reason and a fix', () => {
  for (const [text, reason] of refusals) {
    const parsed = parseSlug(text);
    assert.ok(!parsed.ok, text);
    assert.equal(parsed.reason, reason, text);
    assert.ok(parsed.problem && parsed.fix);
  }
});

test('every reserved word is refused', () => {
  assert.equal(reservedSlugs.size, 59);
  for (const word of reservedSlugs) assert.equal(parseSlug(word).ok, false, word);
});

test('what is accepted is a DNS label in its only spelling', () => {
  for (const text of ['nordwind', 'orchard', 'kestrel', 'a1b', 'north-wind-2', `a${'b'.repeat(39)}`]) {
    assert.deepEqual(parseSlug(text), { ok: true, slug: text });
  }
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9-]{0,45}$/), fc.stringMatching(slugPattern)),
      (text) => {
        const parsed = parseSlug(text);
        if (!parsed.ok) return;
        assert.equal(parsed.slug, text);
        assert.match(text, /^[a-z](?!.*--)[a-z0-9-]{1,38}[a-z0-9]$/);
      },
    ),
  );
});
