import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RouteKey, routes } from '@businessos/contract';
import { newOpaque } from '../../src/identity/opaque.ts';
import { callRoute, sendRaw } from '../client.ts';
import { countRows } from '../harness.ts';
import { Browser, COOKIE } from './browser.ts';
import { pagesOf } from './page-routes.ts';
import { samples } from './samples.ts';
import { addMember, fromNewAddress, openStage } from './stage.ts';

const stage = await openStage();
const { server, home, other } = stage;
const { port } = server;
const idHost = `id.bos.localhost:${port}`;
const unsafe = (Object.keys(routes) as RouteKey[]).filter((key) => !key.startsWith('GET '));
const hostOf = (key: RouteKey) =>
  routes[key].host === 'tenant' ? home.host : `${routes[key].host}.bos.localhost:${port}`;

/** A browser that is signed in at both tenants. */
async function visitor() {
  const member = await addMember(stage, home, 'owner');
  const { admin } = server.db;
  await admin.query('insert into identity.person_tenants (person_id, tenant_id) values ($1, $2)', [
    member.personId,
    other.id,
  ]);
  await admin.query(
    "insert into identity.memberships (tenant_id, person_id, role, name, email) values ($1, $2, 'owner', 'Somebody', $3)",
    [other.id, member.personId, member.email],
  );
  const browser = new Browser(port);
  return { browser, member };
}

test('V78 every cookie of the whole way in and out is __Host-, HttpOnly, Secure, Lax, of this host alone', async () => {
  const { browser, member } = await visitor();
  const seen = new Map<string, string>();
  const note = ({ headers }: { headers: Record<string, unknown> }) => {
    for (const text of [headers['set-cookie'] ?? []].flat() as string[])
      seen.set(COOKIE.exec(text)?.[1] ?? `another form: ${text}`, text);
  };
  note(await browser.get(home.slug, '/signin'));
  const way = await browser.begin(home.slug);
  note(await browser.get('id', way));
  const posted = await browser.post('id', way, { email: member.email, password: 'four unrelated words here' });
  note(posted);
  const url = new URL(String(posted.headers['refresh']).replace('0; url=', ''));
  note(await browser.get(home.slug, `${url.pathname}${url.search}`));
  note(await browser.post(home.slug, '/signout', {}));
  assert.deepEqual([...seen.keys()].toSorted(), [
    '__Host-bos',
    '__Host-bos-device',
    '__Host-bos-flow',
    '__Host-bos-id',
    '__Host-bos-pre',
  ]);
  const [{ email }, body] = [member, JSON.stringify({ email: member.email, password: 'four unrelated words here' })];
  const json = await callRoute(port, 'POST /v1/me/logins', { host: idHost, body, headers: [fromNewAddress()] });
  for (const text of [json.headers['set-cookie'] ?? []].flat()) {
    assert.match(text, COOKIE);
    assert.ok(!text.includes(email));
  }
});

test('V78 a cookie of ours that comes twice is none, in one header or two, equal or not, and on no route', async () => {
  const { session, login } = await addMember(stage, home, 'owner');
  const twice = (cookie: string): (readonly [string, string])[][] => {
    const name = cookie.slice(0, cookie.indexOf('='));
    const pairs = [
      [cookie, cookie],
      [cookie, `${name}=x`],
      [`${name}=`, cookie],
      [cookie, `${name}=${newOpaque()}`],
    ];
    return pairs.flatMap(([one = '', two = '']) => [
      [['Cookie', `${one}; ${two}`] as const],
      [['Cookie', `${one};${two};a=b`] as const],
      [['Cookie', one] as const, ['Cookie', two] as const],
      [['Cookie', `a=b; ${one}`] as const, ['cookie', `${two} ; c=d`] as const],
    ]);
  };
  const single = [['Cookie', `a=b; ${session}; __Host-bos2=x; x__Host-bos=y`]] as const;
  assert.equal((await home.call('GET /v1/me', { token: null, headers: single })).status, 200, 'the control');
  for (const headers of twice(session)) {
    for (const key of ['GET /v1/me', 'GET /v1/members', 'GET /v1/contacts'] as const)
      assert.equal((await home.call(key, { token: null, headers })).problem.code, 'CREDENTIAL_MISSING');
    const page = await sendRaw(port, { method: 'GET', target: '/', headers: [['Host', home.host], ...headers] });
    assert.ok(!page.text.includes('/signout'), 'the page is that of nobody');
  }
  for (const headers of twice(login)) {
    const { problem } = await callRoute(port, 'GET /v1/me/logins', { host: idHost, headers });
    assert.equal(problem.code, 'CREDENTIAL_MISSING');
    const page = await sendRaw(port, { method: 'GET', target: '/me', headers: [['Host', idHost], ...headers] });
    assert.match(String(page.headers['location']), /^\/signin\b/);
  }
});

test('V78 a cookie in other words than its own opens nothing', async () => {
  const { session, login } = await addMember(stage, home, 'owner');
  const value = session.slice('__Host-bos='.length);
  for (const cookie of [
    `__host-bos=${value}`,
    `bos=${value}`,
    `__Secure-bos=${value}`,
    `__Host-bos="${value}"`,
    `__Host-bos=${value}=`,
    `__Host-bos=${encodeURIComponent(`${value}%`)}`,
    `__Host-bos=${value.slice(0, -1)}`,
    `__Host-bos-id=${value}`,
    login.replace('__Host-bos-id', '__Host-bos'),
  ]) {
    const { problem } = await home.call('GET /v1/me', { token: null, headers: [['Cookie', cookie]] });
    assert.match(problem.code, /^CREDENTIAL_(?:MISSING|INVALID)$/, cookie);
  }
});

/** What a page of another origin, or something that is no page of ours, sends beside the cookie. */
const foreign: Record<string, (host: string) => (readonly [string, string])[]> = {
  'a sibling': () => [['Origin', `http://${other.host}`]],
  'the base domain': () => [['Origin', `http://bos.localhost:${port}`]],
  'another of our hosts': (host) => [['Origin', `http://${host === idHost ? home.host : idHost}`]],
  'the host over https': (host) => [['Origin', `https://${host}`]],
  'the host at another port': (host) => [['Origin', `http://${host.replace(/:\d+$/, '')}`]],
  'the host as a part': (host) => [['Origin', `http://${host}.evil.example`]],
  'another site': () => [['Origin', 'https://evil.example']],
  null: () => [['Origin', 'null']],
  'no text': () => [['Origin', '']],
  'two, the own first': (host) => [
    ['Origin', `http://${host}`],
    ['Origin', `http://${other.host}`],
  ],
  'two in one': (host) => [['Origin', `http://${host}, http://${other.host}`]],
  'a sibling that says same-origin': () => [
    ['Origin', `http://${other.host}`],
    ['Sec-Fetch-Site', 'same-origin'],
  ],
  none: () => [],
  'none, same-site': () => [['Sec-Fetch-Site', 'same-site']],
  'none, cross-site': () => [['Sec-Fetch-Site', 'cross-site']],
  'none, by the user': () => [['Sec-Fetch-Site', 'none']],
  'none, same-origin twice': () => [
    ['Sec-Fetch-Site', 'same-origin'],
    ['Sec-Fetch-Site', 'same-origin'],
  ],
  'none, but a Referer': (host) => [['Referer', `http://${host}/`]],
};

test('V79 no route changes anything for a cookie that came from elsewhere: sibling, null, none, whatever else is said', async () => {
  for (const key of unsafe) {
    const host = hostOf(key);
    const member = await addMember(stage, home, 'owner');
    const input = await samples[key](stage, member);
    const before = await countRows(server);
    for (const [what, make] of Object.entries(foreign)) {
      for (const cookie of [member.session, member.login, 'unrelated=1']) {
        const headers = [fromNewAddress(), ['Cookie', cookie] as const, ...make(host)];
        const { problem } = await callRoute(port, key, { ...input, host, headers, token: home.token });
        assert.equal(problem.code, 'CROSS_ORIGIN', `${key}: ${what}`);
      }
    }
    assert.deepEqual(await countRows(server), before, key);
  }
});

test('V79 the control: the own origin, or a browser that says same-origin and names none, is served', async () => {
  for (const headers of [[['Origin', `http://${home.host}`]], [['Sec-Fetch-Site', 'same-origin']]] as const) {
    const { session } = await addMember(stage, home, 'owner');
    const call = { token: null, headers: [['Cookie', session] as const, ...headers], body: { name: 'New' } };
    assert.equal((await home.call('POST /v1/companies', call)).status, 201);
  }
});

test('V79 no form is taken from another origin, nor without its own token, nor with that of another browser', async () => {
  const { browser, member } = await visitor();
  await browser.enter(home.slug, member.email);
  const stranger = new Browser(port);
  const theirs = { id: await stranger.csrf('id'), tenant: await browser.csrf(home.slug) };
  const before = await countRows(server);
  const token = newOpaque();
  for (const { label, path } of pagesOf(server).filter(({ method }) => method === 'POST')) {
    const at = label === 'tenant' ? home.slug : label;
    const target = path.replace('*', token);
    for (const [what, make] of Object.entries(foreign)) {
      const { status } = await browser.postFrom(make(browser.host(at)), at, target, {});
      assert.equal(status, 403, `${path}: ${what}`);
    }
    for (const csrf of ['', 'x', at === 'id' ? theirs.id : await stranger.csrf('id'), newOpaque()])
      assert.equal((await browser.post(at, target, { csrf })).status, 403, `${path}: ${csrf}`);
  }
  assert.deepEqual(await countRows(server), before);
  const me = await browser.get(home.slug, '/v1/me').catch(() => undefined);
  assert.equal(me?.status, 200, 'the session is still there');
});

test('V80 a session of one tenant is no credential at another, nor at id, api or operator, on any route', async () => {
  const { session } = await addMember(stage, home, 'owner');
  assert.equal((await home.call('GET /v1/me', { token: null, headers: [['Cookie', session]] })).status, 200);
  for (const key of (Object.keys(routes) as RouteKey[]).filter((one) => routes[one].permission !== 'public')) {
    const host = routes[key].host === 'tenant' ? other.host : `${routes[key].host}.bos.localhost:${port}`;
    const input = await samples[key](stage, undefined);
    const headers = [fromNewAddress(), ['Cookie', session] as const, ['Origin', `http://${host}`] as const];
    const { problem } = await callRoute(port, key, { ...input, host, headers });
    assert.match(problem.code, /^CREDENTIAL_(?:INVALID|MISSING)$/, key);
    if (routes[key].host !== 'tenant') continue;
    const api = await callRoute(port, key, {
      ...input,
      host: `api.bos.localhost:${port}`,
      headers: [
        ['Cookie', session],
        ['Sec-Fetch-Site', 'same-origin'],
        ['X-Tenant', home.slug],
      ],
    });
    assert.equal(api.problem.code, 'CREDENTIAL_MISSING', key);
  }
});

test('V74 V80 what was cached of a session or a member at one tenant is not found at another', async () => {
  const { browser, member } = await visitor();
  await browser.enter(home.slug, member.email);
  const session = browser.cookies(home.slug).get('__Host-bos') ?? '';
  for (let round = 0; round < 3; round++) {
    const headers = [['Cookie', `__Host-bos=${session}`]] as const;
    assert.equal((await home.call('GET /v1/me', { token: null, headers })).status, 200);
    assert.equal((await other.call('GET /v1/me', { token: null, headers })).problem.code, 'CREDENTIAL_INVALID');
  }
});

test('V80 a code works once, within thirty seconds, at its own tenant, in the browser that began', async () => {
  const attempts: Record<
    string,
    (
      one: Awaited<ReturnType<typeof visitor>>,
      code: string,
    ) => Promise<{ status: number; headers: Record<string, unknown> }>
  > = {
    'at another tenant': async ({ browser }, code) => {
      await browser.begin(other.slug);
      return await browser.get(other.slug, code);
    },
    'in another browser': async (_, code) => {
      const thief = new Browser(port);
      await thief.begin(home.slug);
      return await thief.get(home.slug, code);
    },
    'in a browser that began nothing': async (_, code) => await new Browser(port).get(home.slug, code),
    'once the browser has begun anew': async ({ browser }, code) => {
      browser.cookies(home.slug).delete('__Host-bos-flow');
      await browser.begin(home.slug);
      return await browser.get(home.slug, code);
    },
    'after thirty seconds': async ({ browser }, code) => {
      await server.db.admin.query("update identity.codes set expires_at = expires_at - interval '30 seconds'");
      return await browser.get(home.slug, code);
    },
    'a second time': async ({ browser }, code) => {
      const flow = browser.cookies(home.slug).get('__Host-bos-flow') ?? '';
      assert.equal((await browser.get(home.slug, code)).status, 303);
      browser.cookies(home.slug).set('__Host-bos-flow', flow).delete('__Host-bos');
      return await browser.get(home.slug, code);
    },
  };
  for (const [what, attempt] of Object.entries(attempts)) {
    const one = await visitor();
    const code = await one.browser.signIn(home.slug, one.member.email, await one.browser.begin(home.slug));
    const { status, headers } = await attempt(one, code);
    // a browser that was here before begins again without noticing, any other is told
    assert.ok(status === 410 || (status === 303 && headers['location'] === '/signin'), `${what}: ${status}`);
    assert.ok(![headers['set-cookie'] ?? []].flat().some((text) => String(text).startsWith('__Host-bos=')), what);
    const left = await server.db.admin.query('select 1 from identity.codes');
    const kept = what === 'in a browser that began nothing' ? 1 : 0;
    assert.equal(left.rowCount, kept, `${what}: the code is used up`);
    await server.db.admin.query('delete from identity.codes');
  }
});

test('V80 of twenty who use one code at once, one gets a session', async () => {
  const { browser, member } = await visitor();
  const code = await browser.signIn(home.slug, member.email, await browser.begin(home.slug));
  const cookie = [...browser.cookies(home.slug)].map(([name, value]) => `${name}=${value}`).join('; ');
  const headers = [
    ['Host', home.host],
    ['Cookie', cookie],
  ] as const;
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => sendRaw(port, { method: 'GET', target: code, headers })),
  );
  const entered = answers.filter(({ headers: sent }) =>
    [sent['set-cookie'] ?? []].flat().some((text) => /^__Host-bos=./.test(text)),
  );
  assert.equal(entered.length, 1);
  assert.ok(answers.every(({ status }) => status === 303 || status === 410));
  const { rowCount } = await server.db.admin.query(
    'select 1 from identity.sessions where person_id = $1 and tenant_id = $2',
    [member.personId, home.id],
  );
  assert.equal(rowCount, 2, 'that of the fixture, and one');
});
