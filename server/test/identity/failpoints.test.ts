import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { enterTenant, startFlow } from '../../src/identity/browser.ts';
import { loginById } from '../../src/identity/own.ts';
import { findPerson } from '../../src/identity/person-store.ts';
import { startLogin } from '../../src/identity/sign-in.ts';
import { sweepOnboardings } from '../../src/tenants/onboarding.ts';
import { callRoute } from '../client.ts';
import { newMarker, onboardTenant, startTestServer } from '../harness.ts';
import { freePort, startProcess } from '../server-process.ts';

/** The server that lives on, on the database of those that are killed. */
const server = await startTestServer();
const { db } = server;

/** A way to the database that runs `onText` when a statement with this text goes through it, and may swallow it. */
async function openWay(text: string, pass: boolean, onText: () => void): Promise<{ port: number; close(): void }> {
  const to = db.connection('bos_app');
  let armed = true;
  const way = createServer((near) => {
    const far = connect(to.port, to.host);
    for (const socket of [near, far]) socket.on('error', () => {});
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    let silent = false;
    far.on('data', (bytes: Buffer) => {
      if (!silent) near.write(bytes);
    });
    near.on('data', (bytes: Buffer) => {
      const hit = armed && bytes.includes(text);
      if (!hit || pass) far.write(bytes);
      if (!hit) return;
      armed = false;
      silent = true;
      // what was let through has time to be committed, and its answer is never read
      setTimeout(onText, pass ? 200 : 0);
    });
  }).listen(0, '127.0.0.1');
  await once(way, 'listening');
  return { port: (way.address() as AddressInfo).port, close: () => way.close() };
}

/** A data folder of the same installation: the roles of the database, its seal and root keys. */
function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bos-fail-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'keys'));
  const { host, port, database } = db.connection('bos_app');
  const passwords = Object.fromEntries(
    ['bos_app', 'bos_control', 'bos_identity'].map((role) => [role, db.connection(role).password]),
  );
  const root = createHash('sha256').update(db.name).digest('base64');
  writeFileSync(join(folder, 'roles.json'), JSON.stringify({ host, port, database, passwords }));
  writeFileSync(join(folder, 'keys/seal.json'), JSON.stringify(db.sealKeys));
  writeFileSync(join(folder, 'keys/root.json'), JSON.stringify({ test: root }), { mode: 0o600 });
  return folder;
}

const dataDir = dataFolder();

/** Runs `act` against a server that is killed with -9 at the first statement with this text. */
async function killedAt(text: string, pass: boolean, act: (port: number) => Promise<unknown>): Promise<void> {
  const port = await freePort();
  let killed: Promise<unknown> | undefined;
  const way = await openWay(text, pass, () => {
    killed = child.end('SIGKILL');
  });
  const child = await startProcess({
    BOS_DATA: dataDir,
    PORT: String(port),
    DATABASE_URL: `postgres://127.0.0.1:${way.port}/${db.name}`,
  });
  await assert.rejects(act(port), 'an answer came');
  assert.ok(killed, `no statement with ${text}`);
  await killed;
  way.close();
}

const count = async (text: string, values: unknown[] = []) =>
  Number((await db.admin.query<{ n: string }>(`select count(*) as n from ${text}`, values)).rows[0]?.n);

for (const pass of [false, true]) {
  const when = pass ? 'after it was sent' : 'before it was sent';

  test(`killed at the removal of a member, ${when}: either he is in and nothing was revoked, or both are done`, async () => {
    const tenant = await onboardTenant(server);
    const marker = newMarker();
    const { rows } = await db.admin.query<{ id: string }>(
      'insert into identity.persons (id, email, name) values (gen_random_uuid(), $1, $1) returning id',
      [`${marker}@mail.example`],
    );
    const id = rows[0]?.id ?? '';
    await db.admin.query(
      "insert into identity.memberships (tenant_id, person_id, role, name, email) values ($1, $2, 'member', $3, $3)",
      [tenant.id, id, marker],
    );
    await server.platform.people.feed.poll();
    const { token } = tenant;
    await killedAt(pass ? 'identity.revoke(' : 'delete from identity.memberships', pass, (port) =>
      callRoute(port, 'DELETE /v1/members/{id}', {
        host: `${tenant.slug}.bos.localhost:${port}`,
        token,
        params: { id },
      }),
    );
    const members = await count('identity.memberships where person_id = $1', [id]);
    const events = await count('identity.feed where subject = $1', [`m:${tenant.id}:${id}`]);
    assert.ok((members === 1 && events === 0) || (members === 0 && events === 1), `${members} ${events}`);
    if (members === 1) assert.equal((await tenant.call('DELETE /v1/members/{id}', { params: { id } })).status, 204);
  });

  test(`killed while a sign-up link is used, ${when}: one business and one owner in the end, and the link has worked once`, async () => {
    for (const text of [
      'insert into control.onboardings',
      'insert into identity.persons',
      'insert into crm.companies',
    ]) {
      const marker = newMarker();
      const slug = `s-${marker}`;
      const email = `${marker}@mail.example`;
      const id = `id.bos.localhost:${server.port}`;
      const wish = { email, name: `Firm ${marker}`, slug, region: 'eu', plan: 'free' };
      assert.equal((await callRoute(server.port, 'POST /v1/signups', { host: id, body: wish })).status, 202);
      const link = await mailTo(email);
      const body = { token: link, password: `${marker} is long` };
      await killedAt(text, pass, (port) =>
        callRoute(port, 'POST /v1/signups/confirm', { host: `id.bos.localhost:${port}`, body }),
      );
      const again = await callRoute(server.port, 'POST /v1/signups/confirm', { host: id, body });
      if (again.status === 410) {
        // the link was used by the one that died: the sweeper finishes what it left
        await db.admin.query(
          "update control.onboardings set started_at = now() - interval '5 minutes' where done_at is null",
        );
        await sweepOnboardings(server.platform.tenants, server.platform.steps);
      } else assert.equal(again.status, 201, again.text);
      assert.equal(await count('control.tenants where slug = $1', [slug]), 1);
      assert.equal(await count('identity.persons where email = $1 and password is not null', [email]), 1);
      assert.equal(await count("identity.memberships where email = $1 and role = 'owner'", [email]), 1);
      const grant = { grant: 'password', email, password: body.password, tenant: slug };
      assert.equal((await callRoute(server.port, 'POST /v1/tokens', { host: id, body: grant })).status, 200, text);
    }
  });

  test(`killed while a refresh token is used, ${when}: it works once more, or is the one that was used`, async () => {
    const { email, password, slug } = await signedUp();
    const host = (port: number) => `id.bos.localhost:${port}`;
    const grant = { grant: 'password', email, password, tenant: slug };
    const first = (await callRoute(server.port, 'POST /v1/tokens', { host: host(server.port), body: grant })).ok;
    const body = { grant: 'refresh', refresh_token: first.refresh_token };
    await killedAt('insert into identity.refresh_tokens', pass, (port) =>
      callRoute(port, 'POST /v1/tokens', { host: host(port), body }),
    );
    const again = await callRoute(server.port, 'POST /v1/tokens', { host: host(server.port), body });
    assert.equal(again.status, 200, 'a transaction that was not committed used nothing up');
  });
}

test('killed between code and session: the code is gone, nobody is signed in, and another try works', async () => {
  const { people } = server.platform;
  const { email, slug } = await signedUp();
  const person = (await findPerson(people.unsealed, { email })) as NonNullable<Awaited<ReturnType<typeof findPerson>>>;
  const web = { address: '127.0.0.1', device: 'test', requestId: 'r', cookie: () => undefined };
  const login = await loginById(people, (await startLogin(people, person, web)).id, person);
  const tenant = (await people.tenants.find({ slug })) as Parameters<typeof startFlow>[1];
  const enter = async () => {
    const flow = startFlow(people, tenant, '/', false);
    const code = new URL(
      await enterTenant(people, login, slug, new URL(flow.location).searchParams.get('flow') ?? ''),
    ).searchParams.get('code');
    return { cookie: flow.cookie.split(';')[0] ?? '', code };
  };
  const given = await enter();
  const sessions = await count('identity.sessions');
  await killedAt('insert into identity.sessions', false, (port) => raw(port, slug, given));
  assert.equal(await count('identity.sessions'), sessions);
  assert.equal(await count('identity.codes'), 0);
  assert.equal(await raw(server.port, slug, given), 410, 'a code works once, also when nothing came of it');
  assert.equal(await raw(server.port, slug, await enter()), 303);
});

/** The status that a browser with this flow gets for a code. */
async function raw(
  port: number,
  slug: string,
  { cookie, code }: { cookie: string; code: string | null },
): Promise<number> {
  return await new Promise((resolve, reject) => {
    const out = request(
      {
        host: '127.0.0.1',
        port,
        path: `/session?code=${code}`,
        headers: { Host: `${slug}.bos.localhost:${port}`, Cookie: cookie },
        agent: false,
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    out.on('error', reject);
    out.end();
  });
}

async function signedUp(): Promise<{ email: string; password: string; slug: string }> {
  const marker = newMarker();
  const email = `${marker}@mail.example`;
  const slug = `s-${marker}`;
  const password = `${marker} is long`;
  const host = `id.bos.localhost:${server.port}`;
  const wish = { email, name: `Firm ${marker}`, slug, region: 'eu', plan: 'free' };
  await callRoute(server.port, 'POST /v1/signups', { host, body: wish });
  const token = await mailTo(email);
  const made = await callRoute(server.port, 'POST /v1/signups/confirm', { host, body: { token, password } });
  assert.equal(made.status, 201, made.text);
  return { email, password, slug };
}

/** The token of the newest mail to an address, once the outbox has it. */
async function mailTo(email: string): Promise<string> {
  const host = `id.bos.localhost:${server.port}`;
  for (let tries = 0; ; tries++) {
    if (tries > 500) throw new Error(`no mail to ${email}`);
    const { items } = (await callRoute(server.port, 'GET /v1/outbox', { host })).ok;
    const mail = items.find((one) => one.email === email);
    if (mail) return mail.body.token;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
