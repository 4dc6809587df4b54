import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { openapi, peopleRoutes, type RouteKey, routes } from '@businessos/contract';
import { VERSION } from '../src/start.ts';
import type { CallInput } from './client.ts';
import { newMarker, onboardingOf, onboardTenant, startTestServer } from './harness.ts';

const server = await startTestServer();
const a = await onboardTenant(server);

test('the document that is served is the contract, byte for byte, with this installation as its server', async () => {
  const expected = openapi({ version: VERSION, baseDomain: 'bos.localhost', scheme: 'http', port: server.port });
  for (const host of [
    `bos.localhost:${server.port}`,
    a.host,
    `localhost:${server.port}`,
    `operator.bos.localhost:${server.port}`,
  ]) {
    const answer = await a.call('GET /openapi.json', { host, token: null });
    assert.equal(answer.text, JSON.stringify(expected));
  }
});

test('the document has exactly the routes of the contract', async () => {
  const { paths } = (await a.call('GET /openapi.json')).ok as { paths: Record<string, Record<string, unknown>> };
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((name) => name !== 'servers')
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(documented.toSorted(), Object.keys(routes).toSorted());
});

test('every route of the document answers a well-formed request with its success', async () => {
  const contact = (await a.call('POST /v1/contacts', { body: { name: 'Example' } })).ok.id;
  const company = (await a.call('POST /v1/companies', { body: { name: 'Example' } })).ok.id;
  const target = await onboardTenant(server);
  const examples: Partial<Record<RouteKey, CallInput>> = {
    'POST /v1/contacts': { body: { name: 'Made' } },
    'POST /v1/companies': { body: { name: 'Made' } },
    'PATCH /v1/contacts/{id}': { version: 1, body: { name: 'Changed' } },
    'PATCH /v1/companies/{id}': { version: 1, body: { name: 'Changed' } },
    'DELETE /v1/contacts/{id}': { version: 2 },
    'DELETE /v1/companies/{id}': { version: 2 },
    'POST /v1/operator/tenants': { key: randomUUID(), body: onboardingOf(newMarker()) },
  };
  const order = (key: string) => (key.startsWith('DELETE') ? 1 : 0);
  // those of people are in the route matrix
  const people = Object.keys(peopleRoutes);
  const own = (Object.keys(routes) as RouteKey[]).filter((key) => !people.includes(key));
  const keys = own.toSorted((one, other) => order(one) - order(other));
  for (const key of keys) {
    const input = { params: { id: key.includes('contacts') ? contact : company, slug: target.slug }, ...examples[key] };
    const answer = await (routes[key].host === 'operator' ? server.operate(key, input) : a.call(key, input));
    assert.equal(answer.status, routes[key].ok.status, `${key}: ${answer.text}`);
  }
});
