import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type RawAnswer, sendRaw } from '../client.ts';
import { newMarker } from '../harness.ts';
import { Browser, COOKIE, checkPage } from './browser.ts';
import { oddTexts } from './fuzz-values.ts';
import { pagesOf } from './page-routes.ts';
import { addInvitation, addLink, addMember, fromNewAddress, newEmail, openStage, PASSWORD } from './stage.ts';

const RUNS = Number(process.env['BOS_FUZZ'] ?? 1_200);
const HANG_MS = 20_000;
const stage = await openStage();
const { server, home, other } = stage;
const seed = Number(process.env['BOS_SEED'] ?? Date.now() % 2 ** 31);
const browser = new Browser(server.port);
const csrf = await browser.csrf('id');
const pre = `__Host-bos-pre=${browser.cookies('id').get('__Host-bos-pre')}`;

/** Markup that no page may show as it is. */
const MARKUP = `"'><img src=x onerror=alert(1)>`;

/** What some requests share, since it costs more to make than to ask: somebody signed in, and links that are good. */
async function newcomer() {
  const { email, login, session, personId, loginId } = await addMember(stage, home, 'owner');
  const wish = { name: 'New', slug: `t-${newMarker()}`, region: 'eu', plan: 'free' };
  const links: Record<string, string> = {
    signup: await addLink(stage, 'signup', newEmail(), wish),
    reset: await addLink(stage, 'reset', (await addMember(stage, home, 'viewer')).email),
    email: await addLink(stage, 'email', newEmail(), { person: personId }),
    invitation: (await addInvitation(stage, home, newEmail())).token,
  };
  return { email, login, session, loginId, links, uses: 5 };
}
let one = await newcomer();

const names = [
  'email',
  'password',
  'new_password',
  'name',
  'slug',
  'region',
  'plan',
  'code',
  'recovery_code',
  'id',
  'csrf',
];
const asked = ['to', 'flow', 'next', 'again', 'back', 'code', 'done', 'everywhere', 'elsewhere', 'not', 'x'];
const words = [
  '1',
  'me',
  'factor',
  'remove',
  'password',
  'mailed',
  'free',
  'eu',
  home.slug,
  other.slug,
  'nobody-here',
  MARKUP,
];
const ways = [
  '/',
  '/x?y=z',
  '//evil.example',
  '/\\evil.example',
  '/%0d%0aSet-Cookie:x=y',
  'https://evil.example',
  '/\t/evil.example',
];
const odd = fc.oneof(fc.constantFrom(...oddTexts, ...words, ...ways), fc.string({ unit: 'binary', maxLength: 40 }));
const rawForms = [
  '%',
  '%zz=1',
  '%ff=%fe',
  'a=1&a=2',
  '=',
  '&&&',
  '&'.repeat(40),
  'a&'.repeat(40),
  `a=${'x'.repeat(7_000)}`,
  '{"email":"x"}',
  '__proto__=1',
  'a=%00',
];

const requests = fc.record({
  page: fc.constantFrom(...pagesOf(server)),
  method: fc.constantFrom(
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    'GET',
    'POST',
    'HEAD',
    'PUT',
  ),
  rest: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary: odd }),
  query: fc.array(fc.tuple(fc.constantFrom(...asked), odd), { maxLength: 3 }),
  fields: fc.array(
    fc.tuple(fc.constantFrom(...names), fc.oneof(odd, fc.constantFrom('$email', '$password', '$login', '$new'))),
    { maxLength: 5 },
  ),
  form: fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...rawForms) },
  ),
  type: fc.constantFrom(
    undefined,
    undefined,
    undefined,
    undefined,
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/json',
  ),
  guarded: fc.constantFrom(true, true, true, true, true, false),
  cookies: fc.constantFrom('both', 'both', 'both', 'none', 'odd'),
  cookie: odd.map((text) => text.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 4_000)),
});
type Sent = typeof requests extends fc.Arbitrary<infer T> ? T : never;

async function send({ page, rest, query, fields, ...more }: Sent): Promise<RawAnswer> {
  if (one.uses-- === 0) one = await newcomer();
  const { label, method, path } = page;
  const host = label === 'tenant' ? home.host : `${label === '' ? '' : `${label}.`}bos.localhost:${server.port}`;
  const kind = path.split('/')[1] ?? '';
  const segment =
    rest === undefined ? (one.links[kind] ?? 'x') : encodeURIComponent(rest.toWellFormed()).slice(0, 4_000);
  const enc = (pairs: [string, string][]) =>
    pairs.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed()).slice(0, 3_000)}`);
  const target = path.replace('*', segment) + (query.length > 0 ? `?${enc(query).join('&')}` : '');
  const real: Record<string, string> = {
    $email: one.email,
    $password: PASSWORD,
    $login: one.loginId,
    $new: newEmail(),
  };
  const form = new Map(fields.map(([name, value]) => [name, Object.hasOwn(real, value) ? (real[value] ?? '') : value]));
  if (more.guarded) form.set('csrf', csrf);
  const verb = more.method ?? method;
  const body = verb === 'POST' || verb === 'PUT' ? (more.form ?? enc([...form]).join('&')) : undefined;
  const mine = { both: `${pre}; ${one.login}; ${one.session}`, none: pre, odd: `${pre}; ${more.cookie}` }[more.cookies];
  const headers = [
    ['Host', host] as const,
    fromNewAddress(),
    ['Cookie', mine ?? pre] as const,
    ['Origin', `http://${host}`] as const,
    ...(body === undefined ? [] : [['Content-Type', more.type ?? 'application/x-www-form-urlencoded'] as const]),
    ...(body === undefined ? [] : [['Content-Length', String(Buffer.byteLength(body))] as const]),
  ];
  return await sendRaw(server.port, { method: verb, target, headers, body, signal: AbortSignal.timeout(HANG_MS) });
}

/** A page leads only to itself, to another page of ours, or to a host of ours. */
function leadsHome(href: string): void {
  if (/^\/(?![/\\])/.test(href)) return;
  const { protocol, host } = new URL(href);
  assert.equal(protocol, 'http:');
  assert.match(host, new RegExp(`^(?:[a-z0-9-]+\\.)?bos\\.localhost:${server.port}$`));
}

test(`fuzzed forms and queries of every page: none is a fault, hangs, shows innards or markup, or leads elsewhere (seed ${seed})`, async (t) => {
  const told = new Map<number, number>();
  const shown = new Set<string>();
  await fc.assert(
    fc.asyncProperty(requests, async (sent) => {
      const answer = await send(sent);
      const { status, text, headers } = answer;
      told.set(status, (told.get(status) ?? 0) + 1);
      if (status < 400) shown.add(`${sent.page.method} ${sent.page.label} ${sent.page.path}`);
      if ((sent.method ?? sent.page.method) !== 'HEAD') checkPage(answer);
      assert.ok(!text.includes(MARKUP) && !text.includes('<script>x'), 'markup that was sent');
      for (const cookie of [headers['set-cookie'] ?? []].flat()) assert.match(cookie, COOKIE);
      if (headers['location'] !== undefined) leadsHome(headers['location'] as string);
      if (headers['refresh'] !== undefined) leadsHome(String(headers['refresh']).replace(/^0; url=/, ''));
      assert.doesNotMatch(text, /\[native code\]|\[object Object\]|>undefined<|>NaN</);
    }),
    { numRuns: RUNS, seed, endOnFailure: true },
  );
  t.diagnostic(
    `seed ${seed}: ${[...told]
      .toSorted(([a], [b]) => a - b)
      .map(([status, count]) => `${status}: ${count}`)
      .join(' · ')}`,
  );
  const all = pagesOf(server).length;
  t.diagnostic(`${shown.size} of ${all} pages answered with success at least once`);
  assert.ok(shown.size > all * 0.7, 'requests get as far as the pages');
  const failed = server.lines.filter((line) => (JSON.parse(line) as { level: number }).level >= 50);
  assert.deepEqual(failed, [], 'nothing was logged as a fault');
});

test('a word that every object knows is no word of a page: constructor, toString and __proto__ say nothing', async () => {
  const { login } = await addMember(stage, home, 'owner');
  const ask = async (query: string) => {
    const headers = [
      ['Host', browser.host('id')],
      ['Cookie', `${pre}; ${login}`],
    ] as const;
    const { status, text } = await sendRaw(server.port, { method: 'GET', target: `/me?${query}`, headers });
    return { status, text };
  };
  const plain = await ask('x=1');
  assert.equal(plain.status, 200);
  for (const word of ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'nothing-of-ours'])
    assert.deepEqual(await ask(`done=${word}`), plain, word);
});
