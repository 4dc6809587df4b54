import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAnswer, findRoute } from './answer-check.ts';
import type { RawAnswer } from './client.ts';
import { onboardTenant, startTestServer } from './harness.ts';

const server = await startTestServer();
const a = await onboardTenant(server);
/** Without the accessors, which throw for the other kind of answer. */
const raw = ({ status, headers, rawHeaders, text }: RawAnswer): RawAnswer => ({ status, headers, rawHeaders, text });
const good = raw(await a.call('GET /v1/tenant'));
const bad = raw(await a.call('GET /v1/tenant', { token: 'x.y.z' }));

test('every route of the contract is found by what a request writes, and nothing else is', () => {
  assert.equal(findRoute('GET', '/v1/contacts?x=1')?.summary, 'List contacts');
  assert.equal(findRoute('HEAD', '/v1/contacts/1')?.summary, 'Read a contact');
  for (const target of ['/v1/contacts/', '/v1/contacts/1/2', '/V1/contacts', '/openapiXjson']) {
    assert.equal(findRoute('GET', target), undefined);
  }
});

test('V75, V89: what every test here checks of each answer fails on an answer that is not as it must be', () => {
  const route = findRoute('GET', '/v1/tenant');
  const check = (answer: RawAnswer, change: Partial<RawAnswer>) => checkAnswer(route, { ...answer, ...change }, 'GET');
  const headers = (answer: RawAnswer, change: Record<string, string | undefined>) => ({
    headers: { ...answer.headers, ...change },
  });
  /** The answer with its body changed and its length with it. */
  const body = (answer: RawAnswer, change: object) => {
    const text = JSON.stringify({ ...(JSON.parse(answer.text) as object), ...change });
    return { text, ...headers(answer, { 'content-length': String(Buffer.byteLength(text)) }) };
  };
  check(good, {});
  check(bad, {});
  const broken: [RawAnswer, Partial<RawAnswer>][] = [
    [good, headers(good, { 'cache-control': 'no-store' })],
    [good, headers(good, { 'cache-control': undefined })],
    [bad, headers(bad, { 'cache-control': 'public' })],
    [good, headers(good, { 'x-content-type-options': undefined })],
    [good, headers(good, { 'content-security-policy': undefined })],
    [good, headers(good, { 'x-powered-by': 'Express' })],
    [good, headers(good, { 'x-request-id': '1' })],
    [good, headers(good, { 'content-type': 'text/html' })],
    [good, headers(good, { etag: '"1"' })],
    [good, { status: 201 }],
    [good, body(good, { tenant_id: 1 })],
    [good, body(good, { mode: 'closed' })],
    [bad, { status: 403 }],
    [bad, headers(bad, { 'www-authenticate': undefined })],
    [bad, headers(bad, { 'content-type': 'application/json; charset=utf-8' })],
    [bad, body(bad, { code: 'SLUG_TAKEN', status: 409 })],
    [bad, body(bad, { request_id: 'other' })],
    [bad, body(bad, { stack: 'x' })],
    [bad, body(bad, { detail: 'select * from crm.contacts' })],
    [bad, body(bad, { detail: 'duplicate key value violates unique constraint "x"' })],
    [bad, body(bad, { detail: 'at /srv/app/server/src/start.ts:12:3' })],
    [bad, body(bad, { detail: 'role bos_app' })],
  ];
  for (const [answer, change] of broken) assert.throws(() => check(answer, change), JSON.stringify(change));
});
