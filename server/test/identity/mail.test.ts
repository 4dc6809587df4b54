import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';
import { smtpMailer } from '../../src/identity/mailer.ts';
import { callRoute } from '../client.ts';
import { onboardTenant, startTestServer, type TestServer, type TestTenant } from '../harness.ts';
import { addMember, fromNewAddress, newEmail } from '../routes/stage.ts';
import { openReceiver, type Received, type Receiver } from './mail-receiver.ts';

let server: TestServer;
let tenant: TestTenant;
let receiver: Receiver;
let received: Received[];
const mailFrom = 'post@business.example';

before(async () => {
  receiver = await openReceiver();
  received = receiver.mails;
  server = await startTestServer({ config: { smtpUrl: receiver.url, mailFrom, trustProxy: ['127.0.0.1', '::1'] } });
  tenant = await onboardTenant(server);
  await drained();
});
beforeEach(() => {
  received.length = 0;
});

test('a sign-up is mailed with its link, from and to exactly one address each', async () => {
  const email = newEmail();
  await signUp(email, 'Werkstatt für Möbel');
  const { from, to, headers, headerNames, text } = await mailTo(email);
  assert.deepEqual({ from, to }, { from: mailFrom, to: [email] });
  assert.equal(headers.get('from'), `BusinessOS <${mailFrom}>`);
  assert.equal(headers.get('to'), email);
  assert.equal(headers.get('subject'), 'Create your business on BusinessOS');
  assert.equal(headers.get('auto-submitted'), 'auto-generated');
  assert.match(headers.get('message-id') ?? '', /^<[0-9a-f-]{36}@business\.example>$/);
  assert.match(headers.get('content-type') ?? '', /^text\/plain; charset=utf-8/);
  assert.deepEqual(headerNames.toSorted(), [
    'auto-submitted',
    'content-transfer-encoding',
    'content-type',
    'date',
    'from',
    'message-id',
    'mime-version',
    'subject',
    'to',
  ]);
  assert.match(text, /wants to create Werkstatt für Möbel on\s+BusinessOS/);
  assert.match(text, /choose your name/);
  const body = { token: linkOf(text, 'signup'), password: 'four quiet herons here' };
  assert.equal((await onId('POST /v1/signups/confirm', { body })).status, 201);
  received.length = 0;
  await signUp(email);
  assert.match((await mailTo(email)).text, /You have a password here already/);
});

test('a reset is mailed to whoever is known, and to nobody else', async () => {
  const unknown = newEmail();
  const { email } = await addMember({ server }, tenant, 'member');
  for (const one of [unknown, email]) {
    const { status, text } = await onId('POST /v1/resets', { body: { email: one } });
    assert.deepEqual([status, text], [202, '{"status":"mailed"}']);
  }
  const { text, headers } = await mailTo(email);
  assert.equal(headers.get('subject'), 'Choose a new password for BusinessOS');
  const body = { token: linkOf(text, 'reset'), password: 'five quiet herons here' };
  assert.equal((await onId('POST /v1/resets/confirm', { body })).status, 204);
  await drained();
  assert.deepEqual(
    received.map(({ to }) => to),
    [[email]],
  );
});

test('an invitation is mailed with who invites, to what and as what', async () => {
  const email = newEmail();
  await tenant.call('POST /v1/invitations', { body: { email, role: 'viewer' } });
  const { text, headers, to } = await mailTo(email);
  assert.deepEqual(to, [email]);
  assert.equal(headers.get('subject'), `Invitation to Firm ${tenant.marker} on BusinessOS`);
  assert.match(text, new RegExp(`Owner ${tenant.marker}\\s+invites\\s+you\\s+to\\s+Firm\\s+${tenant.marker}`));
  assert.match(text, /as\s+a\s+viewer/);
  const body = { token: linkOf(text, 'invitation'), password: 'six quiet herons here' };
  assert.equal((await onId('POST /v1/invitations/accept', { body })).status, 201);
});

test('a new e-mail is confirmed by a mail to it, and the old one is told', async () => {
  const { email, login } = await addMember({ server }, tenant, 'member');
  const wanted = newEmail();
  const own = [
    ['Cookie', login],
    ['Origin', `http://id.bos.localhost:${server.port}`],
  ] as const;
  assert.equal((await onId('POST /v1/me/email', { body: { email: wanted }, headers: own })).status, 202);
  const { text } = await mailTo(wanted);
  const body = { token: linkOf(text, 'email') };
  assert.equal((await onId('POST /v1/me/email/confirm', { body })).status, 204);
  const told = await mailTo(email);
  assert.equal(told.headers.get('subject'), 'Your e-mail address at BusinessOS was changed');
  assert.doesNotMatch(told.text, /https?:/);
  assert.doesNotMatch(told.text, new RegExp(wanted));
});

test('a mail that is refused and cut off is sent again as the same mail, until it is taken', async () => {
  const email = newEmail();
  receiver.fates.push('refuse', 'hang up');
  await signUp(email);
  for (let tries = 1; tries <= 2; tries++) {
    await until(async () => (await row(email))?.tries === tries && (await isPutOff(email)));
    assert.equal((await row(email))?.sent, false);
    await makeDue(email);
  }
  await until(async () => (await row(email))?.sent === true);
  assert.equal(received.length, 3);
  for (const part of ['message-id', 'to', 'subject'])
    assert.equal(new Set(received.map(({ headers }) => headers.get(part))).size, 1, part);
  assert.equal(new Set(received.map(({ text }) => linkOf(text, 'signup'))).size, 1);
});

test('a mail that was taken but not marked so is sent again as the same mail, and only then marked', async () => {
  const email = newEmail();
  const { admin } = server.db;
  await admin.query(
    `create function public.fail() returns trigger language plpgsql as $$ begin raise 'killed'; end $$`,
  );
  await admin.query(
    'create trigger fail before update of sent_at on identity.outbox for each row when (new.sent_at is not null) execute function public.fail()',
  );
  await signUp(email);
  await until(async () => received.length === 1 && (await isPutOff(email)));
  assert.equal((await row(email))?.sent, false);
  await admin.query('drop function public.fail() cascade');
  await makeDue(email);
  await until(async () => (await row(email))?.sent === true);
  const ids = received.map(({ headers }) => headers.get('message-id'));
  assert.deepEqual(ids, [ids[0], ids[0]]);
});

test('what a mail says is in the database under a key until it is sent, and then not at all', async () => {
  const email = newEmail();
  let under: string[] = [];
  receiver.onMail = async () => {
    under = await everything();
  };
  await tenant.call('POST /v1/invitations', { body: { email, role: 'viewer' } });
  const token = linkOf((await mailTo(email)).text, 'invitation');
  receiver.onMail = undefined;
  await until(async () => (await row(email))?.sent === true);
  assert.ok(under.some((text) => text.includes(email)));
  const secrets = [token, token.slice(token.indexOf('.') + 1), `Owner ${tenant.marker}`, 'inviter'];
  const hidden = secrets.flatMap((text) => [text, Buffer.from(text).toString('hex')]);
  hidden.push(Buffer.from(token.slice(token.indexOf('.') + 1), 'base64url').toString('hex'));
  for (const rows of [under, await everything()]) {
    assert.deepEqual(
      hidden.filter((one) => rows.some((text) => text.includes(one))),
      [],
    );
  }
  const { rows } = await server.db.admin.query(
    'select octet_length(body) as bytes from identity.outbox where email = $1',
    [email],
  );
  assert.deepEqual(rows, [{ bytes: 0 }]);

  /** Every row of the two tables as text. */
  async function everything(): Promise<string[]> {
    const { rows: found } = await server.db.admin.query<{ text: string }>(
      'select o::text as text from identity.outbox o union all select t::text from identity.mail_tokens t',
    );
    return found.map(({ text }) => text);
  }
});

test('one address gets five mails at once and then none, but links to a new password have five of their own', async () => {
  const { email } = await addMember({ server }, tenant, 'member');
  for (let number = 1; number <= 7; number++) await signUp(email);
  for (let number = 1; number <= 7; number++) await onId('POST /v1/resets', { body: { email } });
  assert.equal(
    (await tenant.call('POST /v1/invitations', { body: { email: newEmail(), role: 'viewer' } })).status,
    201,
  );
  await drained();
  const subjects = received.filter(({ to }) => to[0] === email).map(({ headers }) => headers.get('subject'));
  assert.equal(subjects.filter((one) => one?.startsWith('Create')).length, 5);
  assert.equal(subjects.filter((one) => one?.startsWith('Choose')).length, 5);
});

const NO_ADDRESS = [
  'a@one.example, b@two.example',
  'a@one.example,b@two.example',
  'a@one.example;b@two.example',
  'a@one.example\r\nBcc: b@two.example',
  'a@one.example\nb@two.example',
  'a@one.example>\r\nRCPT TO:<b@two.example',
  '"a@one.example, b"@two.example',
  'Somebody <b@two.example>',
  '<b@two.example>',
  'group: a@one.example, b@two.example;',
  'a@one.example\u0000',
  'a(b@two.example)@one.example',
];

test('what is no single address is refused wherever one is asked for', async () => {
  for (const email of NO_ADDRESS) {
    const signup = { email, name: 'Shop', slug: 'some-shop', region: 'eu', plan: 'free' };
    const answers = [
      await onId('POST /v1/signups', { body: signup }),
      await onId('POST /v1/resets', { body: { email } }),
      await tenant.call('POST /v1/invitations', { body: { email, role: 'viewer' } }),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [400, 400, 400],
      JSON.stringify(email),
    );
  }
  await drained();
  assert.deepEqual(received, []);
});

test('the mailer makes neither a second receiver nor a header of an address or a subject', async () => {
  const mailer = smtpMailer(receiver.url, mailFrom);
  const id = '00000000-0000-4000-8000-000000000000';
  const text = 'text';
  for (const to of NO_ADDRESS) await mailer.send({ id, to, subject: 'x', text }).catch(() => {});
  await mailer.send({ id, to: 'c@three.example', subject: 'x\r\nBcc: b@two.example\r\n\r\nbody', text });
  mailer.end();
  assert.deepEqual(
    received.map(({ to }) => to),
    [['b@two.example'], ['a@one.example'], ['c@three.example']], // `<b@…>` and `a@…\0` are one address each
  );
  for (const { headerNames } of received) {
    assert.deepEqual(
      headerNames.filter((name) => ['bcc', 'cc', 'reply-to'].includes(name)),
      [],
    );
    assert.equal(new Set(headerNames).size, headerNames.length);
  }
});

async function onId<K extends Parameters<typeof callRoute>[1]>(
  route: K,
  { headers = [], ...input }: Omit<Parameters<typeof callRoute>[2], 'host'>,
) {
  const host = `id.bos.localhost:${server.port}`;
  return await callRoute(server.port, route, { host, ...input, headers: [fromNewAddress(), ...headers] });
}

let shops = 0;
async function signUp(email: string, name = 'Shop'): Promise<void> {
  const body = { email, name, slug: `shop-${++shops}`, region: 'eu', plan: 'free' };
  const { status, text } = await onId('POST /v1/signups', { body });
  assert.deepEqual([status, text], [202, '{"status":"mailed"}']);
}

async function mailTo(email: string): Promise<Received> {
  await until(async () => received.some(({ to }) => to.includes(email)));
  return received.find(({ to }) => to.includes(email)) as Received;
}

/** The token of the only link in a mail, whose page opens. */
function linkOf(text: string, path: string): string {
  const links = [...text.matchAll(/https?:\/\/\S+/g)].map(([url]) => new URL(url));
  assert.equal(links.length, 1);
  const [link] = links as [URL];
  assert.equal(link.host, `id.bos.localhost:${server.port}`);
  const [, first, token = ''] = link.pathname.split('/');
  assert.equal(first, path);
  return token;
}

interface OutboxRow {
  tries: number;
  sent: boolean;
  /** Seconds until the next try. */
  wait: number;
}

async function row(email: string): Promise<OutboxRow | undefined> {
  const { rows } = await server.db.admin.query<OutboxRow>(
    `select tries, sent_at is not null as sent, extract(epoch from next_at - now())::float8 as wait
     from identity.outbox where email = $1 order by created_at desc limit 1`,
    [email],
  );
  return rows[0];
}

/** Says whether a try failed and the pause before the next began: under a try, a mail is kept from others for longer. */
async function isPutOff(email: string): Promise<boolean> {
  const { wait = 0 } = (await row(email)) ?? {};
  return wait > 0 && wait < 100;
}

/** Lets the pause of a mail be over. */
async function makeDue(email: string): Promise<void> {
  await server.db.admin.query('update identity.outbox set next_at = now() where email = $1', [email]);
  server.platform.people.outbox.kick();
}

/** Waits until the outbox has nothing left to send. */
async function drained(): Promise<void> {
  await until(async () => {
    const { rows } = await server.db.admin.query('select 1 from identity.outbox where sent_at is null');
    return rows.length === 0;
  });
}

async function until(done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 3_000; tries++) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail('what was waited for did not come');
}
