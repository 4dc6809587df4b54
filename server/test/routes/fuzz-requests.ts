import type { RouteKey } from '@businessos/contract';
import fc from 'fast-check';
import { likely, oddJson, oddTexts, oddValue, type Schema } from './fuzz-values.ts';
import { routesOf } from './samples.ts';

/** One change of a body: at which of its places, and what comes there; no value takes the place away. */
export interface Edit {
  at: number;
  how: 'replace' | 'remove' | 'add' | 'rename' | 'nest';
  value: unknown;
}

/** A request that is wrong here and there, as data: what it is made of comes with the stage. */
export interface Fuzz {
  route: RouteKey;
  method: string | undefined;
  /** Where it is sent; undefined is where it belongs. */
  label: string | undefined;
  credential: 'right' | 'none' | 'other' | 'odd';
  bearer: string;
  cookie: string;
  body: { base: 'sample' | 'schema' | 'text' | 'none'; value: unknown; text: string; edits: Edit[] };
  /** Takes the place of an id of the path; undefined leaves it. */
  segment: string | undefined;
  query: [string, string][];
  headers: [string, string][];
}

const plain = (text: string) => text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '').slice(0, 6_000);
const oddText = fc.oneof(fc.constantFrom(...oddTexts), fc.string({ maxLength: 40 }));
const headerText = oddText.map(plain);

const bearer = fc.oneof(
  fc.constantFrom(
    '',
    'x',
    'x.y.z',
    'a.b.c.d',
    '..',
    'null',
    `bosk_${'0'.repeat(32)}_${'A'.repeat(39)}`,
    'bosk_',
    'A'.repeat(5_000),
  ),
  fc.base64String({ maxLength: 200 }),
  fc.string({ maxLength: 60 }).map(plain),
);

const cookie = fc.oneof(
  fc.constantFrom(
    '',
    '=',
    ';',
    '; ;',
    '__Host-bos',
    '__Host-bos=',
    `__Host-bos=${'A'.repeat(43)}`,
    `__Host-bos-id=${'A'.repeat(43)}`,
  ),
  fc.constantFrom(
    '__Host-bos=x; __Host-bos=x',
    `__Host-bos-device=${'x.'.repeat(400)}`,
    `__Host-bos-flow=${'%'.repeat(99)}`,
    'a='.repeat(900),
  ),
  fc.string({ maxLength: 80 }).map(plain),
);

const names = [
  ...[
    'If-Match',
    'Idempotency-Key',
    'X-Tenant',
    'Content-Type',
    'Accept',
    'Accept-Encoding',
    'Accept-Language',
    'Origin',
  ],
  ...[
    'Range',
    'If-None-Match',
    'If-Modified-Since',
    'X-HTTP-Method-Override',
    'Content-Encoding',
    'Expect',
    'TE',
    'Via',
  ],
  ...[
    'X-Forwarded-Host',
    'Forwarded',
    'X-Request-Id',
    'User-Agent',
    'Referer',
    'Sec-Fetch-Site',
    'Upgrade',
    'DNT',
    'Pragma',
  ],
];
const values = [
  '"1"',
  '*',
  'W/"1"',
  'gzip',
  'application/json',
  'text/plain',
  '100-continue',
  'same-origin',
  'null',
  'bytes=0-',
  'websocket',
];
const headers = fc.array(fc.tuple(fc.constantFrom(...names), fc.oneof(fc.constantFrom(...values), headerText)), {
  maxLength: 2,
});

const query = fc.array(
  fc.tuple(
    fc.oneof(
      fc.constantFrom(
        'limit',
        'sort',
        'after',
        'name.prefix',
        'status.in',
        'company.eq',
        'created.gt',
        'email.empty',
        'slug.eq',
      ),
      oddText,
    ),
    oddText,
  ),
  { maxLength: 3 },
);

const segments = [
  '%00',
  '%2e%2e',
  '%F0%9F%98%80',
  '%zz',
  '%ff',
  '..',
  '.',
  '*',
  ';',
  'x;y=z',
  '%25',
  '%2F',
  "'",
  '~',
  'x'.repeat(4_000),
];
const segment = fc.oneof(
  fc.constantFrom(...segments),
  fc.uuid(),
  oddText.map((text) => encodeURIComponent(text.toWellFormed()).slice(0, 9_000)),
);

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(40),
  how: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'add', 'rename', 'nest'),
  value: oddValue,
});

/** Requests of every route of a document. */
export function requestsOf(document: unknown): fc.Arbitrary<Fuzz> {
  const routes = routesOf(document) as RouteKey[];
  const named = schemas(document);
  // made once for each route: to make them costs more than to draw from them
  const each = routes.map((route) =>
    fc.record({
      route: fc.constant(route),
      method: maybe(
        15,
        fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'),
      ),
      label: maybe(20, fc.constantFrom('id', 'api', 'operator', '', 'nobody-here', 'www')),
      credential: fc.oneof(weighted(14, 'right'), weighted(1, 'none'), weighted(1, 'other'), weighted(2, 'odd')),
      bearer,
      cookie,
      body: fc.record({
        base: fc.oneof(weighted(6, 'sample'), weighted(5, 'schema'), weighted(2, 'text'), weighted(1, 'none')),
        value: likely(bodyOf(document, route) ?? {}, named),
        text: oddJson,
        edits: fc.oneof(
          { weight: 2, arbitrary: fc.constant([]) },
          { weight: 3, arbitrary: fc.array(edit, { minLength: 1, maxLength: 3 }) },
        ),
      }),
      segment: maybe(3, segment),
      query: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: query }),
      headers: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: headers }),
    }),
  );
  return fc.oneof(...each) as unknown as fc.Arbitrary<Fuzz>;
}

/** Undefined but once in so many times. */
function maybe<T>(once: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: once, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

function weighted<T extends string>(weight: number, text: T) {
  return { weight, arbitrary: fc.constant(text) };
}

function schemas(document: unknown): Record<string, Schema> {
  return (document as { components: { schemas: Record<string, Schema> } }).components.schemas;
}

/** The schema of the body that a route takes; undefined where it takes none. */
function bodyOf(document: unknown, route: string): Schema | undefined {
  type Operation = { requestBody?: { content: Record<string, { schema: Schema }> } };
  const [method = '', path = ''] = route.split(' ');
  const { paths } = document as { paths: Record<string, Record<string, Operation>> };
  return paths[path]?.[method.toLowerCase()]?.requestBody?.content['application/json']?.schema;
}

/** Applies changes to a copy of a JSON value, each at one of its places. */
export function edited(value: unknown, edits: readonly Edit[]): unknown {
  const root = { body: structuredClone(value) } as Record<string, unknown>;
  for (const { at, how, value: given } of edits) {
    const odd: unknown = structuredClone(given); // it is one of a list, and may be changed in its turn
    const places = placesOf(root);
    const place = places[at % Math.max(1, places.length)];
    if (place === undefined) continue;
    const [holder, name] = place;
    const now = holder[name];
    if (how === 'remove') delete holder[name];
    else if (how === 'add' && typeof now === 'object' && now !== null)
      Object.assign(now, { [JSON.stringify(odd).slice(0, 50)]: odd });
    else if (how === 'rename') {
      delete holder[name];
      holder[`${name}_`] = now;
    } else holder[name] = how === 'nest' ? [now] : odd;
  }
  return root['body'];
}

function placesOf(value: unknown): [Record<string, unknown>, string][] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder)
    .slice(0, 40)
    .flatMap((name) => [[holder, name] as [Record<string, unknown>, string], ...placesOf(holder[name])])
    .slice(0, 200);
}
