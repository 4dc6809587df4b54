import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { RouteKey } from '@businessos/contract';
import { type CallInput, exchange } from './client.ts';
import { countRows, onboardingOf, onboardTenant, startTestServer } from './harness.ts';

const server = await startTestServer();
const a = await onboardTenant(server);
const contact = (await a.call('POST /v1/contacts', { body: { name: 'Untouched' } })).ok;
const company = (await a.call('POST /v1/companies', { body: { name: 'Untouched' } })).ok;

/** What each write takes when it is right, so that a test adds one fault at a time. */
const writes: Partial<Record<RouteKey, CallInput & { body: Record<string, unknown> }>> = {
  'POST /v1/contacts': { body: { name: 'Never written' } },
  'PATCH /v1/contacts/{id}': { params: { id: contact.id }, version: 1, body: { name: 'Never written' } },
  'POST /v1/companies': { body: { name: 'Never written' } },
  'PATCH /v1/companies/{id}': { params: { id: company.id }, version: 1, body: { name: 'Never written' } },
  'POST /v1/operator/tenants': { key: 'never', body: onboardingOf('never-written') },
};

async function call(route: RouteKey, input: CallInput) {
  return route.includes('/operator/') ? await server.operate(route, input) : await a.call(route, input);
}

/** Sends each write with a fault and expects the code and field; nothing may be written. */
async function refuses(
  fault: (body: Record<string, unknown>) => CallInput,
  expected: { code: string; field: string | RegExp; status?: number },
  only: RouteKey[] = Object.keys(writes) as RouteKey[],
): Promise<void> {
  const before = await countRows(server);
  for (const route of only) {
    const right = writes[route] as CallInput & { body: Record<string, unknown> };
    const { problem } = await call(route, { ...right, ...fault(right.body) });
    assert.equal(problem.code, expected.code, `${route} ${JSON.stringify(problem)}`);
    const fields = problem.errors?.map(({ field }) => field) ?? [];
    assert.ok(
      fields.some((field) =>
        typeof expected.field === 'string' ? field === expected.field : expected.field.test(field),
      ),
      `${route} ${JSON.stringify(problem)}`,
    );
    for (const error of problem.errors ?? []) assert.ok(error.problem.length > 0 && error.fix.length > 0);
  }
  assert.deepEqual(await countRows(server), before);
}

test('V87: fields that the server sets, and unknown ones, are refused by name', async () => {
  const set = ['id', 'tenant_id', 'version', 'created_at', 'updated_at', 'deleted_at', 'name_key', 'email_key', 'mode'];
  for (const field of [...set, 'Name', 'role', 'is_admin', 'toString', 'constructor', '', 'name ']) {
    await refuses((body) => ({ body: { ...body, [field]: null } }), {
      code: 'REQUEST_INVALID',
      field: field || 'body',
    });
  }
});

test('V87: each of several wrong fields is named at once', async () => {
  const { problem } = await a.call('POST /v1/contacts', {
    body: { name: 7, email: 'x', status: 'boss', id: 1, company_id: 'x', owner: [], touched_at: 'now', phone: '' },
  });
  const fields = problem.errors?.map(({ field }) => field).sort();
  assert.deepEqual(fields, ['company_id', 'email', 'id', 'name', 'owner', 'phone', 'status', 'touched_at']);
});

test('values of a wrong type or form are refused by name', async () => {
  const contacts: RouteKey[] = ['POST /v1/contacts', 'PATCH /v1/contacts/{id}'];
  const companies: RouteKey[] = ['POST /v1/companies', 'PATCH /v1/companies/{id}'];
  const cases: [routes: RouteKey[], field: string, values: unknown[]][] = [
    [
      [...contacts, ...companies],
      'name',
      [
        null,
        1,
        true,
        [],
        {},
        ['x'],
        '',
        '   ',
        '\t',
        'a\nb',
        'a\u2028b',
        '\u200b',
        'a\u0007',
        'x'.repeat(201),
        { $ne: '' },
      ],
    ],
    [
      contacts,
      'email',
      [
        1,
        '',
        'x',
        '@x.example',
        'a@b',
        'a b@mail.example',
        'a@mail.example\nBcc: b@mail.example',
        `${'a'.repeat(65)}@mail.example`,
        `a@${'b'.repeat(250)}.example`,
        'a@mail.example,b@mail.example',
        'ö@mail.example',
      ],
    ],
    [contacts, 'phone', [1, '', 'x'.repeat(41), 'a\rb']],
    [contacts, 'status', [null, 1, 'boss', 'LEAD', ['lead']]],
    [contacts, 'company_id', [1, '', 'x', `${randomUUID()}'`, [randomUUID()], `{${randomUUID()}}`]],
    [contacts, 'owner', [1, 'me', {}]],
    [
      contacts,
      'touched_at',
      [
        null,
        1,
        '',
        'now',
        '2026-02-30T00:00:00Z',
        '2026-01-01',
        '2026-01-01T00:00:00',
        '0000-01-01T00:00:00Z',
        '2200-01-01T00:00:00Z',
        'infinity',
      ],
    ],
    [companies, 'domain', [1, '', 'x', 'http://x.example', 'x.example/', 'x.example:80', '-x.example', 'ö.example']],
  ];
  for (const [routes, field, values] of cases) {
    for (const value of values) {
      await refuses((body) => ({ body: { ...body, [field]: value } }), { code: 'REQUEST_INVALID', field }, routes);
    }
  }
});

test('a body that is no object, or a change of nothing, is refused', async () => {
  for (const body of ['[]', '1', '"x"', 'true', 'null', '[{"name":"x"}]']) {
    await refuses(() => ({ body }), { code: 'REQUEST_INVALID', field: 'body' });
  }
  await refuses(() => ({ body: {} }), { code: 'REQUEST_INVALID', field: /^(name|body|slug)$/ });
});

test('V88: keys given twice, and __proto__, are refused wherever they stand', async () => {
  await refuses(() => ({ body: '{"name":"a","name":"a"}' }), { code: 'BODY_INVALID', field: 'name' });
  await refuses(() => ({ body: '{"name":"a","\\u006eame":"b"}' }), { code: 'BODY_INVALID', field: 'name' });
  await refuses(() => ({ body: '{"x":{"y":1,"y":2}}' }), { code: 'BODY_INVALID', field: 'x.y' });
  await refuses(() => ({ body: '{"name":"a","__proto__":{"name":"b"}}' }), {
    code: 'BODY_INVALID',
    field: '__proto__',
  });
  await refuses(() => ({ body: '{"name":"a","\\u005f_proto__":1}' }), { code: 'BODY_INVALID', field: '__proto__' });
  await refuses(() => ({ body: '{"name":"a","constructor":{"prototype":{"x":1}}}' }), {
    code: 'REQUEST_INVALID',
    field: 'constructor',
  });
  assert.equal(({} as { x?: number }).x, undefined);
});

test('a body that is no JSON, empty, too deep, too wide, or of numbers beyond exactness is refused', async () => {
  for (const body of [
    '{',
    '{"name":}',
    "{'name':'x'}",
    '{"name":"x"}}',
    '{"name":"x"} {}',
    '\u{feff}{"name":"x"}',
    '{"name":"x",}',
    '// x\n{}',
    'NaN',
    '{"name":"a\nb"}',
    '{"name":"\\x41"}',
  ]) {
    await refuses(() => ({ body }), { code: 'BODY_INVALID', field: 'body' });
  }
  await refuses(() => ({ body: '' }), { code: 'BODY_INVALID', field: 'body' });
  const deep = (open: string, close: string, n: number) => `{"name":${open.repeat(n)}1${close.repeat(n)}}`;
  await refuses(() => ({ body: deep('[', ']', 40) }), { code: 'BODY_INVALID', field: /^name/ });
  await refuses(() => ({ body: deep('{"a":', '}', 5_000) }), { code: 'BODY_INVALID', field: /^name/ });
  await refuses(() => ({ body: deep('[', ']', 30_000) }), { code: 'BODY_INVALID', field: /^name/ });
  await refuses(() => ({ body: `[${'1,'.repeat(20_000)}1]` }), { code: 'BODY_INVALID', field: 'body' });
  await refuses(() => ({ body: '{"name":1e400}' }), { code: 'BODY_INVALID', field: 'name' });
  await refuses(() => ({ body: '{"name":9007199254740993}' }), { code: 'BODY_INVALID', field: 'name' });
});

test('NUL, half surrogate pairs and bytes that are no UTF-8 are refused', async () => {
  await refuses(() => ({ body: '{"name":"a\\u0000b"}' }), { code: 'BODY_INVALID', field: 'name' });
  await refuses(() => ({ body: '{"na\\u0000me":"b"}' }), { code: 'BODY_INVALID', field: /^na/ });
  await refuses(() => ({ body: '{"name":"\\ud800"}' }), { code: 'BODY_INVALID', field: 'name' });
  await refuses(() => ({ body: '{"name":"\\udc00\\ud800"}' }), { code: 'BODY_INVALID', field: 'name' });
  for (const bytes of ['ff', 'c0af', 'eda080', 'f4908080', 'e28282ff', 'c3']) {
    const body = Buffer.concat([Buffer.from('{"name":"'), Buffer.from(bytes, 'hex'), Buffer.from('"}')]);
    await refuses(() => ({ body }), { code: 'BODY_INVALID', field: 'body' });
  }
  const { ok } = await a.call('POST /v1/contacts', { body: '{"name":"\\ud83d\\ude00 \\u00e9"}' });
  assert.equal(ok.name, '😀 é');
});

test('V159: a body over 64 KiB is answered 413 with its bound, told its length or not', async () => {
  const large = JSON.stringify({ name: 'x'.repeat(70_000) });
  const expected = { code: 'BODY_TOO_LARGE', field: 'body' };
  await refuses(() => ({ body: large }), expected);
  const before = await countRows(server);
  const chunked = await exchange(server.port, {
    method: 'POST',
    target: '/v1/contacts',
    headers: [
      ['Host', a.host],
      ['Authorization', `Bearer ${a.token}`],
      ['Content-Type', 'application/json'],
      ['Transfer-Encoding', 'chunked'],
    ],
    body: large,
  });
  assert.equal(chunked.problem.code, 'BODY_TOO_LARGE');
  assert.deepEqual(await countRows(server), before);
});

test('another media type, charset or a compressed body is answered 415', async () => {
  const types = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=latin1',
    'application/merge-patch+json',
    'application/jsonx',
    '',
  ];
  for (const type of types) {
    await refuses(() => ({ headers: [['Content-Type', type]] }), {
      code: 'MEDIA_TYPE_UNSUPPORTED',
      field: 'content-type',
    });
  }
  await refuses(
    () => ({
      headers: [
        ['Content-Type', 'application/json'],
        ['Content-Type', 'text/plain'],
      ],
    }),
    { code: 'MEDIA_TYPE_UNSUPPORTED', field: 'content-type' },
  );
  for (const encoding of ['gzip', 'deflate', 'br', 'identity, gzip']) {
    await refuses((body) => ({ body: gzipSync(JSON.stringify(body)), headers: [['Content-Encoding', encoding]] }), {
      code: 'MEDIA_TYPE_UNSUPPORTED',
      field: 'content-encoding',
    });
  }
  for (const type of ['application/json', 'APPLICATION/JSON;charset="UTF-8"', 'application/json; charset=utf-8']) {
    assert.equal(
      (await a.call('POST /v1/companies', { body: { name: 'Right' }, headers: [['Content-Type', type]] })).status,
      201,
    );
  }
});

test('a body where none is taken is refused, and the connection stays in step', async () => {
  const before = await countRows(server);
  const bodies: CallInput[] = [{ body: { name: 'x' } }, { body: 'GET /v1/tenant HTTP/1.1\r\nHost: x\r\n\r\n' }];
  const id = { params: { id: contact.id } };
  const slug = { params: { slug: a.slug } };
  const routes: [RouteKey, CallInput][] = [
    ['GET /v1/contacts', {}],
    ['GET /v1/contacts/{id}', id],
    ['DELETE /v1/contacts/{id}', { ...id, version: 1 }],
    ['DELETE /v1/companies/{id}', { params: { id: company.id }, version: 1 }],
    ['GET /v1/tenant', {}],
    ['GET /v1/operator/tenants', {}],
    ['POST /v1/operator/tenants/{slug}/suspend', slug],
    ['GET /healthz', {}],
    ['GET /openapi.json', {}],
  ];
  for (const [route, input] of routes) {
    for (const more of bodies) {
      const { problem } = await call(route, { ...input, ...more });
      assert.deepEqual([problem.code, problem.errors?.[0]?.field], ['REQUEST_INVALID', 'body'], route);
    }
  }
  assert.deepEqual(await countRows(server), before);
  assert.equal((await a.call('GET /v1/tenant')).ok.mode, 'open');
  assert.equal((await a.call('GET /v1/tenant', { headers: [['Content-Length', '0']] })).status, 200);
});

test('a query where none is taken is refused by the name of its parameter', async () => {
  for (const [query, field] of [
    ['x=1', 'x'],
    ['limit=1', 'limit'],
    ['=', 'query'],
    [`${'y'.repeat(200)}=1`, 'y'.repeat(100)],
    ['%ff=1', 'query'],
  ] as const) {
    const { problem } = await a.call('GET /v1/contacts/{id}', { params: { id: contact.id }, query });
    assert.deepEqual([problem.code, problem.errors?.[0]?.field], ['REQUEST_INVALID', field], query);
  }
  await refuses(() => ({ query: 'dry_run=1' }), { code: 'REQUEST_INVALID', field: 'dry_run' });
});

test('an Idempotency-Key of another form, or given twice, is refused', async () => {
  for (const key of ['', ' ', 'a b', 'x'.repeat(129), 'é', 'a\tb']) {
    await refuses(() => ({ key: '', headers: [] }), { code: 'REQUEST_INVALID', field: 'Idempotency-Key' });
    if (key !== 'é') await refuses(() => ({ key }), { code: 'REQUEST_INVALID', field: 'Idempotency-Key' });
  }
  await refuses(() => ({ key: 'one', headers: [['Idempotency-Key', 'one']] }), {
    code: 'REQUEST_INVALID',
    field: 'Idempotency-Key',
  });
  const body = onboardingOf('keyless');
  const { problem } = await server.operate('POST /v1/operator/tenants', { body });
  assert.deepEqual([problem.code, problem.errors?.[0]?.field], ['REQUEST_INVALID', 'Idempotency-Key']);
});

test('V89: statements of SQL in every part of a request are values or refused, and no error shows SQL or the catalog', async () => {
  const sql = "'); drop table crm.contacts; --";
  const made = (await a.call('POST /v1/contacts', { body: { name: sql, phone: `' or '1'='1` }, key: "k';--" })).ok;
  assert.equal(made.name, sql);
  const { items } = (await a.call('GET /v1/contacts', { query: { 'name.prefix': sql } })).ok;
  assert.deepEqual(
    items.map(({ id }) => id),
    [made.id],
  );
  for (const input of [
    { sort: `name; ${sql}` },
    { 'status.eq': sql },
    { 'company.eq': sql },
    { after: sql },
    { limit: '1; select 1' },
    { [sql]: '1' },
  ]) {
    assert.equal((await a.call('GET /v1/contacts', { query: input as Record<string, string> })).status, 400);
  }
  assert.equal((await a.call('GET /v1/contacts/{id}', { params: { id: encodeURIComponent(sql) } })).status, 404);
  assert.equal(
    (await a.call('PATCH /v1/contacts/{id}', { params: { id: made.id }, version: `"1" or 1=1`, body: { name: 'x' } }))
      .status,
    400,
  );
});
