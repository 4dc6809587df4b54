import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openapi, type Route, routes } from '../src/index.ts';

type Json = { [key: string]: unknown };
type Operation = {
  operationId: string;
  parameters: { name: string; in: string; required: boolean; schema: Json }[];
  requestBody?: Json;
  security?: unknown[];
  responses: Record<string, { description: string; content?: Record<string, Json> }>;
};
type Document = {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json> };
};

const options = { version: '1.2.3', baseDomain: 'bos.example' };
const document = openapi(options) as Document;

function operationsOf(): [string, string, Operation][] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => method !== 'servers')
      .map(([method, operation]): [string, string, Operation] => [method, path, operation]),
  );
}

function everyObject(value: unknown): Json[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(everyObject);
  return Array.isArray(value) ? inner : [value as Json, ...inner];
}

test('the document has every route once and nothing else', () => {
  assert.match(document.openapi, /^3\.1\.\d$/);
  assert.deepEqual(
    operationsOf()
      .map(([method, path]) => `${method.toUpperCase()} ${path}`)
      .sort(),
    Object.keys(routes).sort(),
  );
});

test('every reference resolves and every component is used', () => {
  const used = new Set<string>();
  for (const { $ref } of everyObject(document)) {
    if ($ref === undefined) continue;
    assert.ok(typeof $ref === 'string');
    const name = /^#\/components\/schemas\/(\w+)$/.exec($ref)?.[1];
    assert.ok(name && Object.hasOwn(document.components.schemas, name), $ref);
    used.add(name);
  }
  assert.deepEqual([...used].sort(), Object.keys(document.components.schemas).sort());
});

test('the parameters of a path are declared, required and no more than the path has', () => {
  for (const [method, path, { parameters }] of operationsOf()) {
    const declared = parameters.filter((one) => one.in === 'path');
    assert.deepEqual(
      declared.map((one) => one.name),
      [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]),
      `${method} ${path}`,
    );
    for (const one of declared) assert.equal(one.required, true);
    for (const one of parameters) assert.equal(typeof one.schema['type'], 'string', `${path} ${one.name}`);
    const names = parameters.map((one) => `${one.in} ${one.name}`);
    assert.equal(new Set(names).size, names.length);
  }
});

test('operation ids are unique and every answer is described', () => {
  const ids = operationsOf().map(([, , operation]) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.includes('patchContactsById'));
  for (const [method, path, { responses }] of operationsOf()) {
    for (const [status, response] of Object.entries(responses)) {
      assert.match(status, /^[1-5]\d\d$/);
      assert.ok(response.description, `${method} ${path} ${status}`);
      if (Number(status) >= 400) assert.ok(response.content?.['application/problem+json']);
    }
    const { ok }: Route = routes[`${method.toUpperCase()} ${path}` as keyof typeof routes];
    assert.deepEqual(
      Object.keys(responses).filter((status) => Number(status) < 400),
      [...new Set([ok.also ?? ok.status, ok.status])].map(String),
    );
  }
});

test('writes have their headers: a key where it may be sent, the version where it must', () => {
  const headers = (method: string, path: string) =>
    document.paths[path]?.[method]?.parameters.flatMap((one) =>
      one.in === 'header' ? [[one.name, one.required]] : [],
    );
  assert.deepEqual(headers('patch', '/v1/contacts/{id}'), [
    ['Idempotency-Key', false],
    ['If-Match', true],
  ]);
  assert.deepEqual(headers('post', '/v1/operator/tenants'), [['Idempotency-Key', true]]);
  assert.deepEqual(headers('get', '/v1/contacts'), []);
});

test('public routes need no credential, those of a person the cookie of the identity host, all others the bearer', () => {
  for (const [method, path, operation] of operationsOf()) {
    const route: Route = routes[`${method.toUpperCase()} ${path}` as keyof typeof routes];
    const special = { public: [], login: [{ login: [] }], operator: [{ bearer: [] }] } as Record<string, unknown>;
    assert.deepEqual(operation.security, special[route.permission], path);
    if (route.permission !== 'public') assert.ok('401' in operation.responses, path);
  }
});

test('requests are closed and answers are open to new fields', () => {
  const { schemas } = document.components;
  assert.equal(schemas['ContactPatch']?.['additionalProperties'], false);
  assert.equal(schemas['ContactPatch']?.['minProperties'], 1);
  assert.equal(schemas['Contact']?.['additionalProperties'], undefined);
  assert.deepEqual(schemas['OnboardingRequest']?.['required'], ['slug', 'name', 'region', 'plan', 'owner']);
});

test('equal options give equal text, and the address is the one that was given', () => {
  assert.equal(JSON.stringify(openapi(options)), JSON.stringify(document));
  const local = JSON.stringify(openapi({ version: '1', baseDomain: 'bos.localhost', scheme: 'http', port: 8080 }));
  assert.ok(local.includes('"http://{tenant}.bos.localhost:8080"'));
  assert.ok(local.includes('"http://operator.bos.localhost:8080"'));
  assert.ok(!local.includes('$schema'));
});

test('a route that changes something and has a body can fail as bodies do', () => {
  for (const [key, route] of Object.entries<Route>(routes)) {
    const codes = new Set<string>(route.problems);
    assert.equal(codes.size, route.problems.length, `${key} names a problem twice`);
    assert.equal(route.body !== undefined, codes.has('BODY_INVALID'), key);
    assert.equal(route.version === true, codes.has('VERSION_STALE') && codes.has('VERSION_NEEDED'), key);
    assert.equal(route.key !== undefined, codes.has('KEY_REUSED') && codes.has('REQUEST_RUNNING'), key);
    assert.equal(route.list !== undefined, codes.has('CURSOR_INVALID'), key);
    assert.deepEqual(
      Object.keys(route.params?.shape ?? {}),
      [...key.matchAll(/\{(\w+)\}/g)].map((match) => match[1]),
      key,
    );
  }
});

test('the contract runs in a browser: it imports zod and itself, and names nothing of Node', () => {
  const folder = new URL('../src/', import.meta.url);
  for (const file of readdirSync(folder)) {
    const text = readFileSync(new URL(file, folder), 'utf8');
    for (const [, from = ''] of text.matchAll(/\bfrom '([^']+)'/g))
      assert.match(from, /^(?:zod|\.\/[a-z-]+\.ts)$/, file);
    assert.doesNotMatch(text, /\bBuffer\b|\bprocess\.|\brequire\(|\bimport\(/, file);
  }
  const client = readFileSync(new URL('client.ts', folder), 'utf8');
  for (const [line] of client.matchAll(/^import .*$/gm)) assert.match(line, /^import type /);
});
