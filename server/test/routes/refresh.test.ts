import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newOpaque } from '../../src/identity/opaque.ts';
import { callRoute } from '../client.ts';
import { addMember, fromNewAddress, type Member, openStage, PASSWORD } from './stage.ts';

const stage = await openStage();
const { server, home, other } = stage;
const { admin } = server.db;
const host = `id.bos.localhost:${server.port}`;

const ask = async (body: unknown) =>
  await callRoute(server.port, 'POST /v1/tokens', { host, body, headers: [fromNewAddress()] });
const refresh = async (token: string) => await ask({ grant: 'refresh', refresh_token: token });
const signIn = async ({ email }: Member) =>
  (await ask({ grant: 'password', email, password: PASSWORD, tenant: home.slug })).ok;
const works = async (token: string) => (await home.call('GET /v1/me', { token })).status === 200;

test('V101 a refresh token that comes again ends its sign-in: every token that came of it, and no other', async () => {
  const member = await addMember(stage, home, 'member');
  const [first, untouched] = [await signIn(member), await signIn(member)];
  const second = (await refresh(first.refresh_token)).ok;
  const third = (await refresh(second.refresh_token)).ok;
  for (const { access_token } of [first, second, third, untouched]) assert.ok(await works(access_token));
  assert.equal((await refresh(first.refresh_token)).problem.code, 'REFRESH_REUSED');
  for (const { access_token } of [first, second, third]) assert.ok(!(await works(access_token)));
  for (const token of [first, second, third])
    assert.equal((await refresh(token.refresh_token)).problem.code, 'CREDENTIAL_INVALID');
  assert.ok(await works(untouched.access_token));
  assert.equal((await refresh(untouched.refresh_token)).status, 200);
  assert.ok(await works(member.token), 'and the browser is still signed in');
});

test('V101 of twenty uses of one refresh token at once at most one succeeds, and its successor is dead', async () => {
  const { access_token, refresh_token } = await signIn(await addMember(stage, home, 'member'));
  const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(refresh_token)));
  const good = answers.filter(({ status }) => status === 200);
  assert.ok(good.length <= 1);
  for (const { problem } of answers.filter(({ status }) => status !== 200))
    assert.match(problem.code, /^(?:REFRESH_REUSED|CREDENTIAL_INVALID)$/);
  assert.ok(answers.some(({ status, text }) => status === 401 && text.includes('REFRESH_REUSED')));
  for (const { ok } of good) {
    assert.equal((await refresh(ok.refresh_token)).problem.code, 'CREDENTIAL_INVALID');
    assert.ok(!(await works(ok.access_token)));
  }
  assert.ok(!(await works(access_token)));
});

test('V101 the reuse stands in the log of the tenant, with the sign-in and where it came from', async () => {
  const member = await addMember(stage, home, 'member');
  const { refresh_token } = await signIn(member);
  await refresh(refresh_token);
  await refresh(refresh_token);
  const { rows } = await admin.query<{ principal: string; body: string }>(
    "select principal, body from audit.entries where tenant_id = $1 and relation = 'signin.reused' and principal = $2",
    [home.id, `u:${member.personId}`],
  );
  assert.equal(rows.length, 1);
  assert.deepEqual(Object.keys(JSON.parse(rows[0]?.body ?? '{}') as object).toSorted(), ['address', 'login']);
});

test('a refresh token is of no use once it is over, its sign-in ended or its person is no member', async () => {
  const ended: Record<string, (member: Member, token: string) => Promise<unknown>> = {
    over: () =>
      admin.query("update identity.refresh_tokens set expires_at = now() - interval '1 second' where used_at is null"),
    'signed out': (member) => admin.query('delete from identity.logins where person_id = $1', [member.personId]),
    removed: (member) => home.call('DELETE /v1/members/{id}', { params: { id: member.personId } }),
  };
  for (const [what, end] of Object.entries(ended)) {
    const member = await addMember(stage, home, 'member');
    const { refresh_token } = await signIn(member);
    await end(member, refresh_token);
    assert.match((await refresh(refresh_token)).problem.code, /^(?:CREDENTIAL_INVALID|NOT_FOUND)$/, what);
  }
  for (const token of ['', 'x', newOpaque(), home.token]) {
    const { status } = await refresh(token);
    assert.ok(status === 401 || status === 400, token);
  }
});

test('a refresh token gives the role of now, for the tenant that it was for', async () => {
  const member = await addMember(stage, home, 'admin');
  const { refresh_token } = await signIn(member);
  await home.call('PATCH /v1/members/{id}', { params: { id: member.personId }, body: { role: 'viewer' } });
  const { access_token } = (await refresh(refresh_token)).ok;
  assert.equal((await home.call('GET /v1/me', { token: access_token })).ok.role, 'viewer');
  assert.equal((await other.call('GET /v1/me', { token: access_token })).problem.code, 'NOT_FOUND');
});

test('no token, cookie, link or key is in the database as it was given out', async () => {
  const member = await addMember(stage, home, 'owner');
  const { refresh_token, access_token } = await signIn(member);
  const { key } = (await home.call('POST /v1/api-keys', { body: { name: 'Kept?', permissions: ['crm.read'] } })).ok;
  await home.call('POST /v1/invitations', { body: { email: 'kept@mail.example', role: 'member' } });
  await callRoute(server.port, 'POST /v1/resets', { host, body: { email: member.email }, headers: [fromNewAddress()] });
  const { items } = (await callRoute(server.port, 'GET /v1/outbox', { host })).ok;
  const secrets = [
    refresh_token,
    access_token,
    key,
    member.session,
    member.login,
    PASSWORD,
    ...items.map(({ body }) => body.token),
  ]
    .filter((text) => text !== '')
    .map((text) => text.replace(/^__Host-[\w-]+=/, ''));
  assert.ok(secrets.length > 6);
  const { rows } = await admin.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname in ('identity', 'audit', 'control', 'directory', 'server', 'crm', 'tenancy')`,
  );
  assert.ok(rows.length > 20);
  for (const { name } of rows) {
    const dump = await admin.query<{ line: string }>(`select t::text as line from ${name} t`);
    const text = dump.rows.map(({ line }) => line).join('\n');
    for (const secret of secrets) {
      assert.ok(!text.includes(secret), name);
      assert.ok(!text.includes(Buffer.from(secret).toString('hex')), name);
    }
  }
});
