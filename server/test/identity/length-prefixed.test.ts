import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lengthPrefixed } from '../../src/identity/length-prefixed.ts';

test('different lists of texts never give the same bytes', () => {
  assert.equal(lengthPrefixed('ab', 'ü', '').toString('hex'), '00000002616200000002c3bc00000000');
  const list = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '|', '\0', '\x01'), maxLength: 4 }), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(list, list, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other);
      assert.equal(lengthPrefixed(...one).equals(lengthPrefixed(...other)), same);
    }),
  );
});
