import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newOpaque } from '../../src/identity/opaque.ts';
import { sendRaw } from '../client.ts';
import { newMarker, onboardTenant } from '../harness.ts';
import { bare } from './bare.ts';
import { Browser, checkPage } from './browser.ts';
import { pagesOf } from './page-routes.ts';
import { addMember, fromNewAddress, openStage } from './stage.ts';

const stage = await openStage();
const { server, home } = stage;

/** Slugs of one length: of nobody, and of tenants that are not served. */
const hidden: Record<string, string> = { 'of nobody': `t-${newMarker()}` };
for (const mode of ['suspended', 'provisioning', 'erasing']) {
  const tenant = await onboardTenant(server);
  await addMember(stage, tenant, 'owner');
  await server.db.admin.query('update tenancy.homes set mode = $2 where tenant_id = $1', [tenant.id, mode]);
  server.platform.tenants.forget(tenant.id, tenant.slug);
  hidden[mode] = tenant.slug;
}
const [nobody = ''] = Object.values(hidden);
const pre = `__Host-bos-pre=${newOpaque()}`;

test('V84 every page of a tenant that is not served is that of a slug that nobody has', async () => {
  for (const { method, path } of pagesOf(server).filter(({ label }) => label === 'tenant')) {
    if (path === '/docs') continue;
    const ask = async (slug: string) => {
      const host = `${slug}.bos.localhost:${server.port}`;
      const headers = [
        ['Host', host],
        ['Origin', `http://${host}`],
        ['Cookie', `${pre}; __Host-bos=${newOpaque()}`],
      ] as const;
      return bare(await sendRaw(server.port, { method, target: path, headers }), [slug]);
    };
    const missing = await ask(nobody);
    assert.ok(missing.status >= 400, `${path}: ${missing.status}`);
    for (const [what, slug] of Object.entries(hidden)) assert.deepEqual(await ask(slug), missing, `${path}: ${what}`);
  }
});

test('V84 no session opens a page of a tenant that is not served', async () => {
  for (const [what, slug] of Object.entries(hidden)) {
    const { rows } = await server.db.admin.query<{ tenant_id: string }>(
      'select tenant_id from control.tenants where slug = $1',
      [slug],
    );
    const id = rows[0]?.tenant_id;
    const session = id ? (await addMember(stage, { id }, 'owner')).session : `__Host-bos=${newOpaque()}`;
    const headers = [
      ['Host', `${slug}.bos.localhost:${server.port}`],
      ['Cookie', `${pre}; ${session}`],
    ] as const;
    const answer = await sendRaw(server.port, { method: 'GET', target: '/', headers });
    checkPage(answer);
    assert.equal(answer.status, 404, what);
    assert.ok(!answer.text.includes(`Firm ${slug.slice(2)}`), what);
  }
});

/** The pages of `id` that say for whom somebody is on his way, as a browser that is signed in or not. */
const waysTo = ['/signin', '/signin?again=1', '/factor', '/me/factor'];

for (const signedIn of [false, true]) {
  test(`V90 the identity host says the same of a tenant that is not served as of nobody, ${signedIn ? 'signed in' : 'to anybody'}`, async () => {
    const browser = new Browser(server.port);
    const stranger = await addMember(stage, home, 'owner');
    if (signedIn) browser.cookies('id').set('__Host-bos-id', stranger.login.replace('__Host-bos-id=', ''));
    await browser.csrf('id');
    for (const way of waysTo) {
      const to = (slug: string) => `${way}${way.includes('?') ? '&' : '?'}to=${slug}`;
      const ask = async (slug: string) => bare(await browser.get('id', to(slug)), [slug]);
      const missing = await ask(nobody);
      for (const [what, slug] of Object.entries(hidden)) assert.deepEqual(await ask(slug), missing, `${way}: ${what}`);
    }
    const email = `nobody-${newMarker()}@mail.example`;
    const wrong = async (slug: string) => {
      const fields = { email, password: 'not this one' };
      return bare(await browser.post('id', `/signin?to=${slug}`, fields, [fromNewAddress()]), [slug]);
    };
    const missing = await wrong(nobody);
    assert.equal(missing.status, 401);
    for (const [what, slug] of Object.entries(hidden)) assert.deepEqual(await wrong(slug), missing, what);
  });
}

test('V84 tokens for a tenant that is not served are refused a stranger as for nobody’s', async () => {
  const { email } = await addMember(stage, home, 'owner');
  const ask = async (slug: string) => {
    const body = JSON.stringify({ grant: 'password', email, password: 'four unrelated words here', tenant: slug });
    const headers = [
      ['Host', `id.bos.localhost:${server.port}`],
      ['Content-Type', 'application/json'],
      ['Content-Length', String(body.length)],
      fromNewAddress(),
    ] as const;
    return bare(await sendRaw(server.port, { method: 'POST', target: '/v1/tokens', headers, body }));
  };
  const missing = await ask(nobody);
  assert.equal(missing.status, 404);
  for (const [what, slug] of Object.entries(hidden)) assert.deepEqual(await ask(slug), missing, what);
});
