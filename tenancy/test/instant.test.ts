import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import { instantParser } from '../src/instant.ts';

const general = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ, 'text') as (text: string) => Date;
const parseInstant = instantParser(general);

test("an instant in UTC is parsed as pg's own parser does, with any number of digits behind the second", () => {
  const instant = fc.date({
    min: new Date('0100-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(
      instant,
      fc.integer({ min: 0, max: 6 }),
      fc.integer({ min: 0, max: 999_999 }),
      (date, digits, micros) => {
        const fraction = digits === 0 ? '' : `.${String(micros).padStart(6, '0').slice(0, digits)}`;
        const text = `${date.toISOString().slice(0, 19).replace('T', ' ')}${fraction}+00`;
        assert.deepEqual(parseInstant(text), general(text), text);
      },
    ),
  );
});

test('every other form goes to the general parser', () => {
  for (const text of [
    'infinity',
    '-infinity',
    '0044-03-15 12:00:00+00 BC',
    '2026-11-24 13:28:37+05:30',
    '2026-11-24 13:28:37-08',
    '0050-01-01 00:00:00+00',
    '12026-01-01 00:00:00+00',
  ]) {
    assert.deepEqual(parseInstant(text), general(text), text);
  }
});
