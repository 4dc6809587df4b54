import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openapi } from '@businessos/contract';
import { openStage } from '../isolation/stage.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** The attack list by id; ids are stable and never reused. A gap was never given. */
const listed = [
  ...[
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24, 25, 26, 28, 29, 30, 31, 32, 33,
    34, 35, 36, 37,
  ],
  ...[38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 50, 51, 52, 53, 54, 55, 56, 57, 59, 60, 61, 62, 63, 64],
  ...[69, 70, 71, 72, 74, 75, 76, 77, 78, 79, 80, 82, 83, 84, 85, 86, 87, 88, 89, 90, 92],
  ...[95, 96, 97, 98, 100, 101, 102, 103, 105],
  ...[168, 169, 170, 171, 172, 173, 174, 175, 176, 177, 178, 179, 180, 181, 182, 183, 184, 185, 186],
];

/** Attacks whose subject does not exist yet; `appears` (SQL) finds its first appearance, and the test then fails. */
const pending: { id: number; what: string; appears: string; example: string }[] = [
  {
    id: 186,
    what: 'writing AFTER ROW triggers recorded in the wrong order',
    // tgtype: 2 is BEFORE, 64 is INSTEAD OF
    appears: `select 1 from pg_trigger where not tgisinternal and tgtype & 66 = 0
      union all select 1 from pg_proc where pronamespace = 'audit'::regnamespace and prorettype = 'trigger'::regtype`,
    example: 'create trigger t after insert on crm.contacts for each row execute function crm.bump()',
  },
];

type Schema = { type?: string; items?: Schema; properties?: Record<string, Schema>; $ref?: string };
/** An address of the OpenAPI document, and the schema of the body that it takes. */
type Address = [key: string, body?: Schema];

/** The same for subjects that are addresses: `appears` finds them among those of /openapi.json. */
const pendingRoutes: { id: number; what: string; appears(key: string, body: Schema): boolean; example: Address }[] = [
  {
    id: 74,
    what: 'a cache of answers whose key lacks the tenant (V74 of today asks the caches of credentials and tenants)',
    appears: (key) => /\/(?:search|answers|ask|stats|reports?)\b/.test(key),
    example: ['GET /v1/search'],
  },
  {
    id: 82,
    what: 'download links bound to tenant, user and expiry',
    appears: (key) => /\/(?:downloads?|exports?|files?|attachments?|content)\b/.test(key),
    example: ['GET /v1/files/{id}/content'],
  },
  {
    id: 83,
    what: 'paths and names of uploads',
    appears: (key, body) =>
      /\/(?:uploads?|imports?|documents?)\b/.test(key) || /"(?:file_?name|path)":/.test(JSON.stringify(body)),
    example: ['POST /v1/notes', { properties: { file_name: { type: 'string' } } }],
  },
  {
    id: 86,
    what: 'bulk addresses that take all or nothing',
    appears: (key, body) => /\/(?:bulk|batch|import)\b/.test(key) || isListOfRecords(body),
    example: ['POST /v1/contacts/many', { properties: { items: { type: 'array', items: { type: 'object' } } } }],
  },
  {
    id: 92,
    what: 'addresses that the server is told to call',
    appears: (key, body) =>
      /\/(?:webhooks?|connectors?)\b/.test(key) ||
      /"(?:[a-z_]*url|uri|endpoint|webhook|callback|host)":/.test(JSON.stringify(body)),
    example: ['POST /v1/providers', { properties: { base_url: { type: 'string' } } }],
  },
  {
    id: 105,
    what: 'an operator who enters a tenant: in time, with a reason, in the log of the tenant',
    appears: (key) => /break-glass|impersonat/.test(key),
    example: ['POST /v1/operator/break-glass'],
  },
];

/** A body that is a list, or has nothing but one list of objects. */
function isListOfRecords({ type, properties = {} }: Schema): boolean {
  const [only, ...others] = Object.values(properties);
  return type === 'array' || (others.length === 0 && only?.type === 'array' && only.items?.type === 'object');
}

function addresses(): Address[] {
  const document = openapi({ version: '0', baseDomain: 'bos.example' }) as {
    paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>>;
    components: { schemas: Record<string, Schema> };
  };
  return Object.entries(document.paths).flatMap(([path, { servers: _, ...methods }]) =>
    Object.entries(methods).map(([method, { requestBody }]): Address => {
      const { $ref, ...schema } = requestBody?.content['application/json']?.schema ?? {};
      const named = document.components.schemas[$ref?.replace(/.*\//, '') ?? ''];
      return [`${method.toUpperCase()} ${path}`, named ?? schema];
    }),
  );
}

const names = globSync(['server/test/**/*.test.ts', 'tenancy/test/**/*.test.ts'], { cwd: ROOT })
  .flatMap((file) => [...readFileSync(join(ROOT, file), 'utf8').matchAll(/(?:test\(\s*|\[\s*)['"`]((?:V\d+[ ,:]*)+)/g)])
  .flatMap(([, ids = '']) => [...ids.matchAll(/V(\d+)/g)].map(([, id]) => Number(id)));

test('every attack of the list has a named test, or waits for its subject', () => {
  const waiting = [...pending, ...pendingRoutes].map(({ id }) => id);
  const missing = listed.filter((id) => !names.includes(id) && !waiting.includes(id));
  assert.deepEqual(
    missing.map((id) => `V${id}`),
    [],
  );
});

test('an attack that waits still has no subject', async () => {
  const { db } = await openStage();
  for (const { id, what, appears, example } of pending) {
    assert.equal(
      (await db.admin.query(appears)).rowCount,
      0,
      `V${id} now has a subject (${what}): write its test and take it off this list`,
    );
    await db.admin.query(`begin; ${example}`);
    assert.notEqual((await db.admin.query(appears)).rowCount, 0, `V${id}: ${example} is not noticed`);
    await db.admin.query('rollback');
  }
});

test('an attack on an address that waits still has none', () => {
  const all = addresses();
  assert.ok(
    all.some(([, { properties } = {}]) => properties?.['permissions']?.type === 'array'),
    'bodies are read',
  );
  for (const { id, what, appears, example } of pendingRoutes) {
    const there = all.filter(([key, body = {}]) => appears(key, body)).map(([key]) => key);
    assert.deepEqual(there, [], `V${id} now has a subject (${what}): write its test and take it off this list`);
    const [address, schema = {}] = example;
    assert.ok(appears(address, schema), `V${id}: ${address} is not noticed`);
  }
});
