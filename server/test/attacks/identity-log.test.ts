import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeMonths } from '../../src/housekeeping.ts';
import { attempt, openStage as openDatabase } from '../isolation/stage.ts';
import { Browser } from '../routes/browser.ts';
import { addKey, addLink, addMember, fromNewAddress, newEmail, openStage, PASSWORD } from '../routes/stage.ts';

const stage = await openStage();
const { server, home } = stage;
const bare = await openDatabase();

const sealed = {
  tenant: bare.seals.tenant(bare.a).text,
  principal: bare.seals.principal(bare.a, 's:attack', 'r1').text,
};

test('whoever guesses at a sign-in writes at most an address into the log of the tenant', async () => {
  const browser = new Browser(server.port);
  const email = 'x'.repeat(5_000);
  const target = `/signin?to=${home.slug}`;
  assert.equal((await browser.post('id', target, { email, password: 'wrong' }, [fromNewAddress()])).status, 401);
  const { rows } = await server.db.admin.query<{ body: string }>(
    "select body from audit.entries where tenant_id = $1 and relation = 'signin.failed'",
    [home.id],
  );
  assert.equal(rows.length, 1);
  assert.equal((JSON.parse(rows[0]?.body ?? '') as { email: string }).email, email.slice(0, 254));
});

test('an event has at most 8 KiB, whoever writes it: an entry stays for good', async () => {
  for (const role of ['bos_app', 'bos_identity']) {
    const client = await bare.connect(role);
    for (const [kind, target, body, state] of [
      ['k', 't', 'b'.repeat(8_192), 'ok'],
      ['k', 't', 'b'.repeat(8_193), '22001'],
      ['k', 't'.repeat(201), 'b', '22001'],
      ['k'.repeat(65), 't', 'b', '22001'],
    ])
      assert.equal((await attempt(client, sealed, 'select audit.note($1, $2, $3)', [kind, target, body])).state, state);
    await client.end();
  }
});

test('months of the log are made near now only, by the control role only', async () => {
  const tries = ['2030-01-01', '10000-01-01', '0044-03-15 BC', 'infinity', '-infinity', '1999-12-31'];
  const control = await bare.connect('bos_control');
  for (const day of tries)
    assert.equal((await attempt(control, {}, 'select audit.make_month($1::date)', [day])).state, '22008', day);
  assert.equal((await attempt(control, {}, 'select audit.make_month(now()::date)')).state, 'ok');
  await control.end();
  for (const role of ['bos_app', 'bos_identity']) {
    const client = await bare.connect(role);
    assert.equal((await attempt(client, sealed, 'select audit.make_month(now()::date)')).state, '42501');
    await client.end();
  }
});

test('a month that was not made in time stops no entry, and keeps no later month from being made', async () => {
  const { admin } = bare.db;
  const tenancy = await bare.db.tenancy();
  const months = async () =>
    (
      await admin.query<{ name: string }>(
        "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit.entries'::regclass order by 1",
      )
    ).rows.map(({ name }) => name);
  const all = await months();
  for (const name of all.filter((one) => one !== 'audit.entries_default')) await admin.query(`drop table ${name}`);
  await tenancy.withTenant(bare.a, 's:attack', () =>
    tenancy.query({ text: "select audit.note('late', 'x', '{}')", values: [] }, { writes: true }),
  );
  assert.equal((await admin.query("select 1 from audit.entries_default where relation = 'late'")).rowCount, 1);
  await assert.rejects(makeMonths(tenancy), /1 of 3 could not be made; see audit\.entries_default/);
  assert.equal((await months()).length, 3, 'the default and the two months to come');
  await admin.query('delete from audit.entries_default');
  await makeMonths(tenancy);
  assert.deepEqual(await months(), all);
});

test('V117 no secret that people were given or typed is in the server’s log, at its most talkative', async () => {
  const { key } = await addKey(stage, home, ['crm.read']);
  const member = await addMember(stage, home, 'member');
  const browser = new Browser(server.port);
  const target = await browser.begin(home.slug);
  const code = await browser.signIn(home.slug, member.email, target);
  await browser.get(home.slug, code);
  const secrets = [
    key,
    member.token,
    PASSWORD,
    `${PASSWORD} wrong`,
    new URL(code, 'http://x').searchParams.get('code'),
  ];
  for (const label of ['id', home.slug]) secrets.push(...browser.cookies(label).values());
  for (const kind of ['signup', 'reset', 'email'] as const) {
    const token = await addLink(stage, kind, newEmail(), { name: 'N', slug: 'n-n', region: 'eu', plan: 'free' });
    secrets.push(token);
    await browser.get('id', `/${kind}/${token}`);
    await browser.post('id', `/${kind}/${token}`, { password: 'short' }, [fromNewAddress()]);
  }
  await home.call('GET /v1/contacts', { token: key });
  await browser.post('id', '/signin', { email: member.email, password: `${PASSWORD} wrong` }, [fromNewAddress()]);
  const log = server.lines.join('\n');
  assert.ok(log.includes('/signin') && log.includes('/session'), 'the control: what was asked is there');
  for (const secret of secrets) assert.ok(secret && !log.includes(secret), String(secret));
});
