import './hash-count.ts';

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allPermissions } from '@businessos/contract';
import { callRoute } from '../client.ts';
import { asTenant, onboardTenant, startOn } from '../harness.ts';
import { type Edit, loadMutant } from '../mutants.ts';
import { bare } from './bare.ts';
import { Browser } from './browser.ts';
import { hashesDuring } from './hash-count.ts';
import {
  addInvitation,
  addKey,
  addMember,
  fromNewAddress,
  newEmail,
  openStage,
  PASSWORD,
  type Stage,
} from './stage.ts';

const product = await openStage();
const { admin } = product.server.db;

/** An attack; true when it gets through. */
type Attack = (stage: Stage) => Promise<boolean>;

const posted =
  (...from: (readonly [string, string])[]): Attack =>
  async (stage) => {
    const { session } = await addMember(stage, stage.home, 'owner');
    const headers = [['Cookie', session] as const, ...from];
    return (await stage.home.call('POST /v1/companies', { token: null, headers, body: { name: 'X' } })).status === 201;
  };

/** Uses a code elsewhere than where it is to be used; `thief` says in which browser and at which tenant. */
const stolen =
  (thief: (browser: Browser, stage: Stage) => Promise<[Browser, string]>): Attack =>
  async (stage) => {
    const { email } = await addMember(stage, stage.home, 'member');
    const browser = new Browser(stage.server.port);
    const code = await browser.signIn(stage.home.slug, email, await browser.begin(stage.home.slug));
    const [by, slug] = await thief(browser, stage);
    await by.get(slug, code);
    return by.cookies(slug).has('__Host-bos');
  };

const id = async (
  stage: Stage,
  key: 'POST /v1/tokens' | 'POST /v1/resets' | 'POST /v1/invitations/accept',
  body: unknown,
) =>
  await callRoute(stage.server.port, key, {
    host: `id.bos.localhost:${stage.server.port}`,
    body,
    headers: [fromNewAddress()],
  });
const refresh = async (stage: Stage, token: string) =>
  await id(stage, 'POST /v1/tokens', { grant: 'refresh', refresh_token: token });
const signIn = async (stage: Stage): Promise<string> => {
  const { email } = await addMember(stage, stage.home, 'member');
  const answer = await id(stage, 'POST /v1/tokens', {
    grant: 'password',
    email,
    password: PASSWORD,
    tenant: stage.home.slug,
  });
  return (JSON.parse(answer.text) as { refresh_token: string }).refresh_token;
};

const attacks = {
  'a form of a sibling': async (stage) => await posted(['Origin', `http://${stage.other.host}`])(stage),
  'a request of the same site': posted(['Sec-Fetch-Site', 'same-site']),
  'a form without its token': async (stage) => {
    const browser = new Browser(stage.server.port);
    await browser.enter(stage.home.slug, (await addMember(stage, stage.home, 'member')).email);
    return (await browser.post(stage.home.slug, '/signout', { csrf: '' })).status === 303;
  },
  'a code in another browser': stolen(async (_, { home, server }) => {
    const thief = new Browser(server.port);
    await thief.begin(home.slug);
    return [thief, home.slug];
  }),
  'a code at another tenant': stolen(async (browser, { home, other }) => {
    browser.cookies(other.slug).set('__Host-bos-flow', browser.cookies(home.slug).get('__Host-bos-flow') ?? '');
    return [browser, other.slug];
  }),
  'a cookie that comes twice': async (stage) => {
    const { session } = await addMember(stage, stage.home, 'owner');
    const headers = [['Cookie', `${session}; __Host-bos=x`]] as const;
    return (await stage.home.call('GET /v1/me', { token: null, headers })).status === 200;
  },
  'an address that the client wrote himself': async (stage) => {
    const { key } = await addKey(stage, stage.home, ['crm.read'], { addresses: ['203.0.113.7'] });
    const headers = [['X-Forwarded-For', '203.0.113.7, 198.51.100.9']] as const;
    return (await stage.home.call('GET /v1/me', { token: key, headers })).status === 200;
  },
  'a key from an address that it is not bound to': async (stage) => {
    const { key } = await addKey(stage, stage.home, ['crm.read'], { addresses: ['203.0.113.7'] });
    return (await stage.home.call('GET /v1/me', { token: key })).status === 200;
  },
  'a key of more than its maker may': async (stage) => {
    const { personId } = await addMember(stage, stage.home, 'viewer');
    const { key } = await addKey(stage, stage.home, [...allPermissions], { createdBy: personId });
    return (await stage.home.call('POST /v1/companies', { token: key, body: { name: 'X' } })).status === 201;
  },
  'a write of a viewer': async (stage) => {
    const { token } = await addMember(stage, stage.home, 'viewer');
    return (await stage.home.call('POST /v1/companies', { token, body: { name: 'X' } })).status === 201;
  },
  'a key made after an old sign-in': async (stage) => {
    const { token } = await addMember(stage, stage.home, 'owner', { ageS: 660 });
    const body = { name: 'X', permissions: ['crm.read'] };
    return (await stage.home.call('POST /v1/api-keys', { token, body })).status === 201;
  },
  'telling a tenant by the answer to a stranger': async ({ server, home, other }) => {
    const nobody = await home.call('GET /v1/me', {
      host: `nobody-here.bos.localhost:${server.port}`,
      token: other.token,
    });
    return JSON.stringify(bare(await home.call('GET /v1/me', { token: other.token }))) !== JSON.stringify(bare(nobody));
  },
  'telling a suspended tenant by its page': async (stage) => {
    const tenant = await onboardTenant(product.server);
    await product.server.operate('POST /v1/operator/tenants/{slug}/suspend', { params: { slug: tenant.slug } });
    return (await new Browser(stage.server.port).get(tenant.slug, '/')).status === 200;
  },
  'telling an address by the hashes of a sign-in': async (stage) => {
    const tries = async (email: string) => {
      const body = { grant: 'password', email, password: 'none of anybody', tenant: stage.home.slug };
      return (await hashesDuring(() => id(stage, 'POST /v1/tokens', body))).hashes;
    };
    return (await tries((await addMember(stage, stage.home, 'member')).email)) !== (await tries(newEmail()));
  },
  'telling an address by the rows of a reset': async (stage) => {
    const email = newEmail();
    await id(stage, 'POST /v1/resets', { email });
    return (await admin.query('select 1 from identity.mail_tokens where email = $1', [email])).rowCount === 0;
  },
  'an invitation used twice': async (stage) => {
    const { token } = await addInvitation(stage, stage.home, newEmail());
    const accept = () => id(stage, 'POST /v1/invitations/accept', { token, password: PASSWORD });
    return (await accept()).status === 201 && (await accept()).status < 300;
  },
  'a refresh token used twice': async (stage) => {
    const token = await signIn(stage);
    return (await refresh(stage, token)).status === 200 && (await refresh(stage, token)).status === 200;
  },
  'the successor of a refresh token that was used twice': async (stage) => {
    const token = await signIn(stage);
    const next = JSON.parse((await refresh(stage, token)).text) as { refresh_token: string };
    await refresh(stage, token);
    return (await refresh(stage, next.refresh_token)).status === 200;
  },
} satisfies Record<string, Attack>;

const src = 'server/src';
/** A guard taken away, and the attack that must then get through. */
const mutants: [what: string, edit: Edit, attack: keyof typeof attacks][] = [
  [
    'SameSite alone as the guard against siblings',
    [`${src}/http/origin.ts`, "headerValues(rawHeaders, 'cookie').length === 0) return true", 'true) return true'],
    'a form of a sibling',
  ],
  [
    'the same site taken for the same origin',
    [`${src}/http/origin.ts`, "site[0] === 'same-origin'", "/^same/.test(site[0] ?? '')"],
    'a request of the same site',
  ],
  [
    'the token of a form not compared',
    [`${src}/gateway/pages.ts`, "!(known && isEqual(form['csrf'] ?? '', csrf))", '!known'],
    'a form without its token',
  ],
  [
    'a code not bound to its flow',
    [`${src}/identity/login-store.ts`, ' and flow = ', " and ''::bytea <> "],
    'a code in another browser',
  ],
  [
    'a code not bound to its tenant',
    [`${src}/identity/login-store.ts`, 'person_id, tenant_id = ', "person_id, '' <> "],
    'a code at another tenant',
  ],
  [
    'the first of two cookies taken',
    [`${src}/http/cookies.ts`, 'if (found !== undefined) return undefined;', 'if (found !== undefined) return found;'],
    'a cookie that comes twice',
  ],
  [
    'every hop of X-Forwarded-For believed',
    [`${src}/http/address.ts`, 'hops.length > 0 && isTrusted(address, trusted)', 'hops.length > 0'],
    'an address that the client wrote himself',
  ],
  [
    'the first hop of X-Forwarded-For taken',
    [`${src}/http/address.ts`, 'hops.pop()', 'hops.shift()'],
    'an address that the client wrote himself',
  ],
  [
    'the addresses of a key not asked',
    [`${src}/identity/authenticate.ts`, 'addresses === undefined ||', 'true ||'],
    'a key from an address that it is not bound to',
  ],
  [
    'a key not cut with its maker’s role',
    [`${src}/identity/authenticate.ts`, ' && permits(role, one)', ''],
    'a key of more than its maker may',
  ],
  [
    'permissions not asked',
    [`${src}/gateway/serve.ts`, '!allows(route.permission, found)', 'false'],
    'a write of a viewer',
  ],
  [
    'the age of a sign-in not asked',
    [
      `${src}/gateway/serve.ts`,
      'if (route.fresh) await options.requireRecent',
      'if (false) await options.requireRecent',
    ],
    'a key made after an old sign-in',
  ],
  [
    'a wrong tenant refused as a wrong credential',
    [
      `${src}/identity/authenticate.ts`,
      "await this.#record(credential, presented);\n      throw new Refusal('NOT_FOUND');",
      "await this.#record(credential, presented);\n      throw new Refusal(named ? 'CREDENTIAL_INVALID' : 'NOT_FOUND');",
    ],
    'telling a tenant by the answer to a stranger',
  ],
  [
    'pages of suspended tenants',
    [
      `${src}/identity/browser.ts`,
      "['open', 'read_only', 'deleting']",
      "['open', 'read_only', 'deleting', 'suspended']",
    ],
    'telling a suspended tenant by its page',
  ],
  [
    'no hash for an address that is unknown',
    [`${src}/identity/sign-in.ts`, '!(await verifyPassword(person', '!person || !(await verifyPassword(person'],
    'telling an address by the hashes of a sign-in',
  ],
  [
    'a reset only for an address that is known',
    [
      `${src}/identity/links.ts`,
      "await mailLink(context, 'reset'",
      "if (await persons.findPerson(context.unsealed, { email })) await mailLink(context, 'reset'",
    ],
    'telling an address by the rows of a reset',
  ],
  [
    'a used invitation not refused',
    [`${src}/identity/member-store.ts`, ' and accepted_at is null and expires_at', ' and expires_at'],
    'an invitation used twice',
  ],
  [
    'a used refresh token not refused',
    [`${src}/identity/login-store.ts`, ' and r.used_at is null', ''],
    'a refresh token used twice',
  ],
  [
    'the reuse of a refresh token refused, and nothing more',
    [`${src}/identity/tokens.ts`, 'if (!(await logins.deleteLogin(tx, personId, loginId)))', "if (personId === '')"],
    'the successor of a refresh token that was used twice',
  ],
];

for (const [what, attack] of Object.entries(attacks)) {
  test(`the control: ${what} does not get through`, async () => {
    assert.equal(await attack(product), false);
    assert.ok(
      mutants.some(([, , name]) => name === what),
      'an attack that no mutant shows to have teeth',
    );
  });
}

for (const [what, edit, name] of mutants) {
  test(`mutant: with ${what}, ${name} gets through`, async () => {
    const start = await loadMutant([edit]);
    const server = await startOn(product.server.db, { start, config: { trustProxy: ['127.0.0.1', '::1'] } });
    const { home, other } = product;
    const stage = {
      server,
      home: await asTenant(server, home, home.marker),
      other: await asTenant(server, other, other.marker),
    };
    assert.equal(await attacks[name](stage), true);
    await server.stop();
  });
}
