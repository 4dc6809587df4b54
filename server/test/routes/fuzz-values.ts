import fc from 'fast-check';

/** A JSON schema as /openapi.json has them. */
export interface Schema {
  type?: string;
  format?: string;
  enum?: unknown[];
  const?: unknown;
  minLength?: number;
  maxLength?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  $ref?: string;
}

const deep = (open: string, close: string, levels: number): unknown =>
  JSON.parse(`${open.repeat(levels)}1${close.repeat(levels)}`);

/** Texts that trip programs: long, empty, of other scripts, half a character, of other languages, words of objects. */
export const oddTexts: readonly string[] = [
  ...[
    '',
    ' ',
    '\t',
    '\n',
    '\0',
    'a\0b',
    '\u200b',
    '\u202eabc',
    '\ufeffx',
    '\ud800',
    '\udfff\ud800',
    '\ufffe',
    '\u0085',
  ],
  ...[
    'İstanbul',
    'ßẞ',
    'ﷺ'.repeat(40),
    '👩‍👩‍👧‍👦'.repeat(30),
    'e\u0301'.repeat(120),
    '\u212a',
    'ｆｕｌｌ',
    '𝒳',
    'Å',
    'Ω',
  ],
  ...['x'.repeat(201), 'x'.repeat(1_025), 'ü'.repeat(4_000), 'x'.repeat(70_000), '-'.repeat(300), '9'.repeat(400)],
  ...[
    'null',
    'undefined',
    'NaN',
    'true',
    '0',
    '-1',
    '1e999',
    '[object Object]',
    '__proto__',
    'constructor',
    'toString',
  ],
  ...[
    "' or 1=1 --",
    "'; drop table identity.persons; --",
    '$1',
    '\\x00',
    '%00',
    '{{7*7}}',
    '<script>x</script>',
    '"&<>\'',
  ],
  ...['../../etc/passwd', 'file:///etc/passwd', 'http://127.0.0.1/', '//evil.example', 'javascript:alert(1)', 'C:\\'],
  ...[
    'a@b',
    '@',
    'a@@b.example',
    '"a b"@mail.example',
    'a@mail.example\r\nBcc: x@y.example',
    'ö@mail.example',
    'A@MAIL.EXAMPLE',
  ],
  ...[
    `${'l'.repeat(64)}@${'d'.repeat(63)}.example`,
    `${'l'.repeat(65)}@mail.example`,
    'a@xn--bcher-kva.example',
    'a@[127.0.0.1]',
  ],
  ...['www', 'id', 'xn--a', 'a--b', '-a', 'A', 'a_b', 'a'.repeat(41), '1a', 'operator', 'admin', 'nobody-here'],
  ...[
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:60Z',
    '2026-02-30T00:00:00Z',
    '2026-01-01',
    '+275760-09-13T00:00:00Z',
    'infinity',
  ],
  ...[
    '0.0.0.0/0',
    '::/0',
    '1.2.3.4/33',
    '1.2.3.4/-1',
    '999.1.1.1',
    '::ffff:1.2.3.4/129',
    ':',
    '1.2.3.4/08',
    'fe80::1%eth0/64',
  ],
  ...[
    '00000000-0000-0000-0000-000000000000',
    'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
    '123456',
    '000 000',
    'owner',
    'Owner',
  ],
];

const oddValues: readonly unknown[] = [
  ...[null, true, false, 0, -0, -1, 1.5, 1e21, 2 ** 53, -(2 ** 53) - 2, 5e-324, [], {}, [null], [[]], { length: 1 }],
  ...[{ toString: 'x' }, { constructor: { prototype: { x: 1 } } }, { $ne: null }, { toJSON: 1 }, { '': '' }],
  ...[
    deep('[', ']', 31),
    deep('[', ']', 40),
    deep('{"a":', '}', 33),
    Array<number>(200).fill(1),
    Array<number>(11_000).fill(1),
  ],
];

/** Any value but the right one. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...oddTexts) },
  { weight: 2, arbitrary: fc.constantFrom(...oddValues) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

/** A text that is no JSON that is taken, or only just. */
export const oddJson: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    ...[
      '',
      ' ',
      '{',
      '}',
      '[',
      '{}',
      '[]',
      '{} {}',
      '{"a":1,"a":2}',
      '{"__proto__":{"role":"owner"}}',
      '{"\\u005f_proto__":1}',
    ],
    ...[
      'NaN',
      '-',
      '01',
      '1e400',
      '"',
      '"\\ud800"',
      '"\\u0000"',
      '\ufeff{}',
      "{'a':1}",
      '{"a":1,}',
      '// x\n{}',
      'null',
      'true',
    ],
    ...[
      '['.repeat(50_000),
      `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
      `[${'0,'.repeat(12_000)}0]`,
      `"${'x'.repeat(66_000)}"`,
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.json({ maxDepth: 4 }),
);

/** Values that fit a schema, most of the time. */
export function likely(schema: Schema, named: Record<string, Schema>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 9, arbitrary: fitting(schema, named) }, { weight: 1, arbitrary: oddValue });
}

function fitting(schema: Schema, named: Record<string, Schema>): fc.Arbitrary<unknown> {
  const { $ref, anyOf, oneOf, type, properties = {}, required = [], items } = schema;
  if ($ref !== undefined) return fitting(named[$ref.replace(/.*\//, '')] ?? {}, named);
  const forms = anyOf ?? oneOf;
  if (forms) return fc.oneof(...forms.map((form) => fitting(form, named)));
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (type === 'object') {
    const fields = Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, likely(one, named)]));
    return fc.record(fields, { requiredKeys: required.filter((name) => name in fields) });
  }
  if (type === 'array') return fc.array(likely(items ?? {}, named), { maxLength: 4 });
  if (type === 'integer' || type === 'number') return fc.integer();
  if (type === 'boolean') return fc.boolean();
  if (type === 'null') return fc.constant(null);
  return text(schema);
}

function text({ format, minLength = 0, maxLength = 60 }: Schema): fc.Arbitrary<string> {
  if (format === 'uuid') return fc.uuid();
  if (format === 'email') return fc.emailAddress();
  if (format === 'hostname') return fc.domain();
  if (format === 'date-time')
    return fc
      .date({ min: new Date('1890-01-01'), max: new Date('2210-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString());
  const bounds = { minLength, maxLength: Math.min(maxLength, 300) };
  return fc.oneof(fc.string({ unit: 'grapheme', ...bounds }), fc.stringMatching(/^[a-z][a-z0-9-]{2,30}$/));
}
