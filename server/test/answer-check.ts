import assert from 'node:assert/strict';
import { problem, problems, type Route, type RouteKey, routes } from '@businessos/contract';
import type { RawAnswer } from './client.ts';

/** What every answer carries, whatever it says. */
const ALWAYS: Record<string, string> = {
  'cache-control': 'private, no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
};
const REQUEST_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** Words of SQL, of the catalog and of the program, which no error may show. */
const INNARDS =
  /\b(?:select|insert into|update .* set|delete from|where)\b.*\b(?:from|values|=)|\b(?:pg_\w+|tenancy\.|crm\.(?!(?:read|write)\b)|server\.|identity\.|control\.|directory\.|bos_\w+|tenant_id|name_key|email_key|sqlstate|relation|constraint|violates|duplicate key|policy|plpgsql)|\bfile:|\.\w+:\d+:\d+|\.ts\b|node_modules|\/(?:work|tmp|home|usr|var)\//i;
/** Codes that any address may answer, since they are decided before or beside the contract's route. */
const ANYWHERE = [
  'HOST_INVALID',
  'TARGET_INVALID',
  'CROSS_ORIGIN',
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'REQUEST_INVALID',
];
/** The routes whose success sets cookies, each in this form. */
const SIGNS: readonly Route[] = [routes['POST /v1/me/logins'], routes['POST /v1/me/signout-everywhere']];
const COOKIE = /^__Host-bos-[a-z]+=[A-Za-z0-9._-]*; Path=\/; Max-Age=\d+; HttpOnly; Secure; SameSite=Lax$/;

/** Finds the route that a request addresses; undefined where the contract has none. */
export function findRoute(method: string, target: string): Route | undefined {
  const wanted = `${method === 'HEAD' ? 'GET' : method} ${target.replace(/\?.*$/s, '')}`;
  const key = (Object.keys(routes) as RouteKey[]).find((one) =>
    new RegExp(`^${one.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(wanted),
  );
  return key && routes[key];
}

/**
 * Checks an answer against the contract of its route: status, body by its schema, content type, headers; an error by
 * the problem schema, its code among those that the route declares, and nothing of SQL, catalog or program in it.
 * Returns the parsed body.
 */
export function checkAnswer(route: Route | undefined, answer: RawAnswer, method: string): unknown {
  const { status, headers, text } = answer;
  const about = `${method} answered ${status} ${text.slice(0, 400)}`;
  for (const [name, value] of Object.entries(ALWAYS)) assert.equal(headers[name], value, `${name}: ${about}`);
  for (const name of ['x-powered-by', 'server', 'location', 'access-control-allow-origin'])
    assert.equal(headers[name], undefined, `${name}: ${about}`);
  const cookies = [headers['set-cookie'] ?? []].flat();
  assert.equal(cookies.length > 0, status < 400 && route !== undefined && SIGNS.includes(route), about);
  for (const cookie of cookies) assert.match(cookie, COOKIE, about);
  const id = String(headers['x-request-id']);
  assert.match(id, REQUEST_ID, about);
  assert.equal(answer.rawHeaders.filter((name) => /^cache-control$/i.test(name)).length, 1, about);
  if (status === 204) {
    assert.deepEqual([text, headers['content-type'], headers['content-length']], ['', undefined, undefined], about);
    assert.deepEqual([route?.ok.status, route?.ok.schema], [204, null], about);
    return undefined;
  }
  if (method === 'HEAD') return assert.equal(text, '', about);
  assert.equal(headers['content-length'], String(Buffer.byteLength(text)), about);
  const body: unknown = JSON.parse(text);
  if (status >= 400) return checkProblem(route, answer, body, about);
  assert.equal(headers['content-type'], 'application/json; charset=utf-8', about);
  assert.ok(route?.ok.schema, `a success where the contract has none: ${about}`);
  assert.ok(status === route.ok.status || status === route.ok.also, about);
  const parsed = route.ok.schema.parse(body);
  assert.deepEqual(parsed, body, `the body is not in the contract's own form: ${about}`);
  const version = route.ok.etag ? `"${(body as { version: number }).version}"` : undefined;
  assert.equal(headers['etag'], version, about);
  return parsed;
}

function checkProblem(route: Route | undefined, { status, headers }: RawAnswer, body: unknown, about: string): unknown {
  assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8', about);
  const parsed = problem.parse(body);
  assert.equal(parsed.status, status, about);
  assert.equal(problems[parsed.code].status, status, about);
  assert.equal(parsed.request_id, headers['x-request-id'], about);
  assert.ok(
    ANYWHERE.includes(parsed.code) || route?.problems.includes(parsed.code),
    `the contract does not declare ${parsed.code} here: ${about}`,
  );
  assert.equal(headers['www-authenticate'], status === 401 ? 'Bearer' : undefined, about);
  if (status === 429) assert.match(headers['retry-after'] as string, /^[1-9]\d{0,4}$/, about);
  else assert.equal(headers['retry-after'], status === 503 ? '1' : undefined, about);
  assert.equal(headers['etag'], undefined, about);
  assert.equal(headers['allow'] !== undefined, status === 405, about);
  // the present record and the names of unknown fields are the client's own words
  const errors = parsed.errors?.map(({ field: _, ...rest }) => rest);
  assert.doesNotMatch(JSON.stringify({ ...parsed, current: undefined, type: undefined, errors }), INNARDS);
  return parsed;
}
