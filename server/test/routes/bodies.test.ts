import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { type Route, type RouteKey, routes } from '@businessos/contract';
import type { CallInput } from '../client.ts';
import { countRows } from '../harness.ts';
import { prepareRightly } from './caller.ts';
import { samples } from './samples.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
const { server } = stage;
const keys = Object.keys(routes) as RouteKey[];
const withBody = keys.filter((key) => 'body' in routes[key]);
const without = keys.filter((key) => !('body' in routes[key]));
type Body = Record<string, unknown>;

/** One caller and one sample serve all that is refused, since nothing of it may change anything. */
const senders = new Map<RouteKey, ReturnType<typeof prepareRightly>>();
function sender(key: RouteKey) {
  const send = senders.get(key) ?? prepareRightly(stage, key);
  senders.set(key, send);
  return send;
}

/** Sends a route's sample with a fault in its body and expects the refusal by name. */
async function refuses(key: RouteKey, fault: (body: Body) => unknown, code: string, field: string | RegExp) {
  let sent: unknown;
  const send = await sender(key);
  const { problem } = await send((input) => {
    sent = fault(input.body as Body);
    return { ...input, body: sent };
  });
  const about = `${key} ${JSON.stringify(sent).slice(0, 200)}: ${JSON.stringify(problem)}`;
  assert.equal(problem.code, code, about);
  assert.ok(
    problem.errors?.some((one) => (typeof field === 'string' ? one.field === field : field.test(one.field))),
    about,
  );
  for (const error of problem.errors ?? []) assert.ok(error.problem && error.fix, about);
}

const protectedFields = [
  ...['id', 'tenant_id', 'tenant', 'version', 'created_at', 'updated_at', 'deleted_at', 'created_by', 'owner_id'],
  ...['person_id', 'hash', 'mode', 'verified', 'is_admin', 'admin', 'permission', 'scopes', 'factor_at', 'login_id'],
  ...[
    'accepted_at',
    'invited_by',
    'totp_secret',
    'expires',
    'toString',
    'constructor',
    'hasOwnProperty',
    '$where',
    'name ',
  ],
];

for (const key of withBody) {
  test(`V87 fields that the server sets, and unknown ones, are refused by name: ${key}`, async () => {
    await sender(key);
    const before = await countRows(server);
    let made = 0;
    for (const field of protectedFields) {
      const known = fieldsOf(routes[key]);
      if (known.includes(field)) continue;
      made++;
      await refuses(key, (right) => ({ ...right, [field]: null }), 'REQUEST_INVALID', field);
    }
    assert.ok(made > 20);
    assert.deepEqual(await countRows(server), before);
  });

  test(`V88 keys given twice, and __proto__, are refused wherever they stand: ${key}`, async () => {
    const [name = ''] = Object.keys((await samples[key](stage, undefined)).body as Body);
    const text = (right: Body) => JSON.stringify(right).slice(0, -1);
    await refuses(key, (right) => `${text(right)},${JSON.stringify(name)}:1}`, 'BODY_INVALID', name);
    const escaped = `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`;
    await refuses(key, (right) => `${text(right)},"${escaped}":1}`, 'BODY_INVALID', name);
    await refuses(key, (right) => `${text(right)},"__proto__":{"role":"owner"}}`, 'BODY_INVALID', '__proto__');
    await refuses(key, (right) => `${text(right)},"\\u005f_proto__":{}}`, 'BODY_INVALID', '__proto__');
    await refuses(key, (right) => `${text(right)},"x":{"y":1,"y":2}}`, 'BODY_INVALID', 'x.y');
    const polluting = { prototype: { role: 'owner', permissions: ['crm.read'] } };
    await refuses(key, (right) => ({ ...right, constructor: polluting }), 'REQUEST_INVALID', 'constructor');
    assert.equal(({} as { role?: string }).role, undefined);
  });

  test(`a body of another type, or with one field of another type, is refused by name: ${key}`, async () => {
    for (const body of ['[]', '1', '"x"', 'true', 'null', '[{}]'])
      await refuses(key, () => body, 'REQUEST_INVALID', /^(?:body|grant)$/);
    const patch = key.startsWith('PATCH');
    await refuses(key, () => ({}), 'REQUEST_INVALID', patch ? /^/ : /^[a-z_]+$/);
    const send = await sender(key);
    for (const value of [null, 1, true, {}, [], [[]], { $ne: null }, 'x'.repeat(60_000)]) {
      const { problem } = await send((input) => ({
        ...input,
        body: Object.fromEntries(Object.keys(input.body as Body).map((field) => [field, value])),
      }));
      assert.match(
        problem.code,
        /^(?:REQUEST_INVALID|BODY_TOO_LARGE)$/,
        `${key} ${JSON.stringify(value).slice(0, 50)}`,
      );
    }
  });
}

/** The fields of a route's body, of all its forms. */
function fieldsOf({ body }: Route): string[] {
  const { shape, options } = body as unknown as { shape?: object; options?: { shape: object }[] };
  return shape ? Object.keys(shape) : [...new Set((options ?? []).flatMap((one) => Object.keys(one.shape)))];
}

test('a body or a query where none is taken is refused, on every route', async () => {
  for (const key of without) {
    const send = await sender(key);
    const { problem } = await send((input) => ({ ...input, body: { id: randomUUID() } }));
    assert.deepEqual([problem.code, problem.errors?.[0]?.field], ['REQUEST_INVALID', 'body'], key);
  }
  for (const key of keys.filter((one) => !('query' in routes[one]))) {
    const send = await sender(key);
    for (const query of ['x=1', 'role=owner', 'tenant_id=1', 'id=1']) {
      const { problem } = await send((input) => ({ ...input, query }));
      assert.deepEqual([problem.code, problem.errors?.[0]?.field], ['REQUEST_INVALID', query.replace(/=.*/, '')], key);
    }
  }
});

const SQL = ["' or '1'='1", "'; drop table identity.persons; --", '"$1\\x00%', "\\'||pg_sleep(9)--"];

test('V89 SQL in every part of a request is a value or refused: no answer shows SQL or the catalog, none is a fault', async () => {
  const parts: ((input: CallInput, text: string) => CallInput)[] = [
    (input, text) => ({
      ...input,
      params: mapped(input.params ?? {}, () => encodeURIComponent(text)) as Record<string, string>,
    }),
    (input, text) => ({
      ...input,
      body: input.body && mapped(input.body as Body, (value) => (typeof value === 'string' ? text : value)),
    }),
    (input, text) => ({
      ...input,
      body:
        input.body && mapped(input.body as Body, (value) => (typeof value === 'string' ? `${value}${text}` : value)),
    }),
    (input, text) => ({ ...input, query: { [text]: text } }),
    (input, text) => ({ ...input, key: text.replaceAll(/[^\x21-\x7e]/g, '_') }),
    (input, text) => ({ ...input, version: `"${text}"` }),
    (input, text) => ({
      ...input,
      headers: [
        ['X-Tenant', text],
        ['User-Agent', text],
        ['X-Request-Id', text],
      ],
    }),
  ];
  for (const key of keys) {
    for (const text of SQL) {
      const send = await prepareRightly(stage, key);
      for (const change of parts) {
        const { status } = await send((input) => change(input, text));
        assert.ok(status < 500, `${key} ${text}: ${status}`);
      }
    }
  }
  const { rowCount } = await server.db.admin.query('select 1 from identity.persons limit 1');
  assert.equal(rowCount, 1);
});

function mapped(from: Body, change: (value: unknown) => unknown): Body {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, change(value)]));
}
