import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RouteKey, routes } from '@businessos/contract';
import fc from 'fast-check';
import { type CallInput, exchange } from '../client.ts';
import { newMarker, onboardingOf, onboardTenant } from '../harness.ts';
import { type Caller, callerOf } from './caller.ts';
import { edited, type Fuzz, requestsOf } from './fuzz-requests.ts';
import { samples } from './samples.ts';
import { fromNewAddress, openStage, type Stage } from './stage.ts';

const RUNS = Number(process.env['BOS_FUZZ'] ?? 2_000);
const HANG_MS = 20_000;
/** What a request may be told to try again for. */
const BUSY = ['BUSY', 'POOL_BUSY'];

const opened = await openStage();
const { server, home, other: untouched } = opened;
// operators' requests suspend `other`, so they get one of their own
const stage: Stage = { ...opened, other: await onboardTenant(server) };
const document: unknown = (await home.call('GET /openapi.json')).ok;
const seed = Number(process.env['BOS_SEED'] ?? Date.now() % 2 ** 31);

/** A caller and a sample serve some requests, since making them costs more than asking. */
const made = new Map<RouteKey, { caller: Caller; input: CallInput; uses: number }>();
async function rightly(route: RouteKey): Promise<{ caller: Caller; input: CallInput }> {
  const before = made.get(route);
  if (before !== undefined && before.uses-- > 0) return before;
  const caller = await callerOf(stage, route);
  const fresh = { caller, input: await samples[route](stage, caller.member), uses: 4 };
  made.set(route, fresh);
  return fresh;
}

async function send(fuzz: Fuzz) {
  const { caller, input } = await rightly(fuzz.route);
  const [method = '', path = ''] = fuzz.route.split(' ');
  // another tenant's token is good at `api`
  const label = fuzz.credential === 'other' && fuzz.label === 'api' ? undefined : fuzz.label;
  const host = label === undefined ? caller.host : `${label === '' ? '' : `${label}.`}bos.localhost:${server.port}`;
  const params = fuzz.segment === undefined ? input.params : undefined;
  const text = fuzz.query.map(([name, value]) => `${enc(name)}=${enc(value)}`).join('&');
  const target =
    path.replace(/\{(\w+)\}/g, (_, name: string) => params?.[name] ?? fuzz.segment ?? 'x') + (text && `?${text}`);
  const body = bodyOf(fuzz, input.body);
  const own = Object.entries({
    'If-Match': input.version === undefined ? undefined : `"${input.version}"`,
    'Idempotency-Key': input.key,
  });
  const headers = [
    ['Host', host] as const,
    fromNewAddress(),
    ...credentials(fuzz, caller),
    ...own.flatMap(([name, value]) =>
      value === undefined || fuzz.headers.some(([one]) => one === name) ? [] : [[name, value] as const],
    ),
    ...(body === undefined || fuzz.headers.some(([name]) => name === 'Content-Type')
      ? []
      : [['Content-Type', 'application/json'] as const]),
    ...(body === undefined ? [] : [['Content-Length', String(Buffer.byteLength(body))] as const]),
    ...fuzz.headers,
  ];
  const signal = AbortSignal.timeout(HANG_MS);
  return await exchange(server.port, { method: fuzz.method ?? method, target, headers, body, signal });
}

const enc = (text: string) => encodeURIComponent(text.toWellFormed()).slice(0, 2_000);

function bodyOf({ body, route }: Fuzz, sample: unknown): string | undefined {
  if (body.base === 'none' || (body.base === 'sample' && sample === undefined)) return undefined;
  if (body.base === 'text') return body.text;
  if (body.base === 'schema' && !('body' in routes[route])) return undefined;
  return JSON.stringify(edited(body.base === 'sample' ? sample : body.value, body.edits));
}

function credentials({ credential, bearer, cookie }: Fuzz, { token, headers }: Caller): (readonly [string, string])[] {
  if (credential === 'right') return [...headers, ...(token ? [['Authorization', `Bearer ${token}`] as const] : [])];
  if (credential === 'other') return [['Authorization', `Bearer ${untouched.token}`]];
  return credential === 'none'
    ? []
    : [
        ['Authorization', `Bearer ${bearer}`],
        ['Cookie', cookie],
      ];
}

test(`fuzzed requests of every route: each answer is of the contract, none is a fault, hangs or shows innards (seed ${seed})`, async (t) => {
  const told = new Map<string, number>();
  const served = new Set<RouteKey>();
  const before = await untouched.call('GET /v1/contacts');
  const property = fc.asyncProperty(requestsOf(document), async (fuzz) => {
    const { status, text } = await send(fuzz);
    told.set(String(status), (told.get(String(status)) ?? 0) + 1);
    if (status < 300) served.add(fuzz.route);
    if (status >= 500)
      assert.ok(
        BUSY.some((code) => text.includes(`"code":"${code}"`)),
        `${status} ${text}`,
      );
    assert.ok(!text.includes(untouched.marker) || routes[fuzz.route].host !== 'tenant', 'of another tenant');
  });
  await fc.assert(property, { numRuns: RUNS, seed, endOnFailure: true });
  t.diagnostic(
    `seed ${seed}: ${[...told]
      .toSorted()
      .map(([status, count]) => `${status}: ${count}`)
      .join(' · ')}`,
  );
  t.diagnostic(`${served.size} of ${Object.keys(routes).length} routes answered with success at least once`);
  assert.ok(served.size > Object.keys(routes).length / 2, 'requests get as far as the handlers');
  const failed = server.lines.filter((line) => (JSON.parse(line) as { level: number }).level >= 50);
  assert.deepEqual(failed, [], 'nothing was logged as a fault');
  assert.equal((await untouched.call('GET /v1/contacts')).text, before.text, 'a tenant that nobody asked is as it was');
  assert.equal((await home.call('GET /v1/me')).status, 200);
  assert.equal(
    (
      await server.operate('POST /v1/operator/tenants', {
        body: onboardingOf(newMarker()),
        key: 'after',
      })
    ).status,
    201,
  );
});
