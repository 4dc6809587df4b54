import { randomInt, randomUUID } from 'node:crypto';
import type { Role } from '@businessos/contract';
import { newApiKey, parseApiKey } from '../../src/identity/api-key.ts';
import { insertKey, insertSession, readMember } from '../../src/identity/credential-store.ts';
import { confirmReset } from '../../src/identity/links.ts';
import { insertLogin, insertRefresh } from '../../src/identity/login-store.ts';
import { insertLink } from '../../src/identity/mail-store.ts';
import { insertMember } from '../../src/identity/member-store.ts';
import { hashOf, newOpaque } from '../../src/identity/opaque.ts';
import { endAllLogins, endLogin } from '../../src/identity/own.ts';
import { findPerson, type PersonRow } from '../../src/identity/person-store.ts';
import { memberToken, tokensByRefresh } from '../../src/identity/tokens.ts';
import type { TestServer, TestTenant } from '../harness.ts';
import { addPerson, PASSWORD, type Person } from './person.ts';
import type { Stack } from './stacks.ts';

/** Something that somebody shows; when it ended, by the test's clock. */
export interface Credential {
  kind: 'token' | 'session' | 'key';
  text: string;
  /** Its row: of the login, or of the key. */
  id: string;
  endedAt?: number;
  /** It came while something ended, so that it may be dead. */
  raced?: boolean;
}

/** What is true of one person: the roles he had and since when, and what he could show. */
export interface Life {
  person: Person;
  member: boolean;
  roles: { role: Role; at: number }[];
  credentials: Credential[];
  refresh: { text: string; login: string } | undefined;
}

/** From a new address each time, so that nobody is throttled. */
const web = () => {
  const address = `10.${[0, 0, 0].map(() => randomInt(256)).join('.')}`;
  return { address, device: 'test', requestId: randomUUID(), cookie: () => undefined };
};

/** What happens to people of one tenant, done by the product's own acts, and what is true of them afterwards. */
export class Lives {
  readonly all: Life[] = [];
  readonly #server: TestServer;
  readonly #tenant: TestTenant;
  readonly #clock: { ms: number };

  constructor(server: TestServer, tenant: TestTenant, clock: { ms: number }) {
    this.#server = server;
    this.#tenant = tenant;
    this.#clock = clock;
  }

  async add(role: Role): Promise<void> {
    const person = await addPerson(this.#server, this.#tenant.id, role);
    const roles = [{ role, at: this.#clock.ms }];
    this.all.push({ person, member: true, roles, credentials: [], refresh: undefined });
  }

  roleOf({ roles }: Life): Role {
    return (roles.at(-1) as { role: Role }).role;
  }

  /** The roles that somebody had at any time since. */
  rolesSince({ roles }: Life, since: number): Role[] {
    return roles.filter((_, n) => (roles[n + 1]?.at ?? Number.POSITIVE_INFINITY) >= since).map(({ role }) => role);
  }

  async mint(life: Life, kind: Credential['kind']): Promise<void> {
    if (!life.member) return;
    const { identity, keys, unsealed } = this.#server.platform.people;
    const { id: personId } = life.person;
    const person = (await findPerson(unsealed, { id: personId })) as PersonRow;
    const tenantId = this.#tenant.id;
    const secret = newOpaque();
    await identity.withTenant(tenantId, `u:${personId}`, () =>
      identity.transaction(async (tx) => {
        if (kind === 'key') {
          const text = newApiKey(tenantId);
          const { hash } = parseApiKey(text) as { hash: Buffer };
          const permissions = ['crm.read', 'members.manage'];
          const more = { name: 'Key', addresses: [], createdBy: personId, expiresAt: null };
          const id = await insertKey(tx, { hash, permissions, ...more });
          life.credentials.push({ kind, text, id });
          return;
        }
        const { role, ...position } = await readMember(tx, personId);
        const id = await insertLogin(tx, {
          person,
          kind: kind === 'token' ? 'token' : 'browser',
          hash: kind === 'token' ? null : hashOf(newOpaque()),
          device: 'test',
          address: '127.0.0.1',
          factor: false,
          pending: false,
          seconds: 3_600,
        });
        const loginId = id as string;
        if (kind === 'session') {
          await insertSession(tx, { hash: hashOf(secret), loginId, personId, seconds: 3_600 });
          life.credentials.push({ kind, text: secret, id: loginId });
          return;
        }
        await insertRefresh(tx, { hash: hashOf(secret), loginId, tenantId, seconds: 3_600 });
        life.refresh = { text: secret, login: loginId };
        const text = memberToken(keys, { tenantId, personId, loginId, role: role as Role, ...position }, 3_600);
        life.credentials.push({ kind, text, id: loginId });
      }),
    );
  }

  /** Uses the refresh token at a process; its answer must be a refusal once the sign-in or the membership is over. */
  async refresh(life: Life, { people }: Stack): Promise<'done' | 'refused' | undefined> {
    const { refresh } = life;
    if (refresh === undefined) return undefined;
    try {
      const { access_token, refresh_token } = await tokensByRefresh(people, refresh.text, web());
      life.refresh = { text: refresh_token, login: refresh.login };
      life.credentials.push({ kind: 'token', text: access_token, id: refresh.login });
      return 'done';
    } catch {
      return 'refused';
    }
  }

  async remove(life: Life): Promise<void> {
    if (!life.member) return;
    await this.#manage('DELETE /v1/members/{id}', life);
    life.member = false;
    this.#end(life, () => true);
  }

  async join(life: Life): Promise<void> {
    if (life.member) return;
    const { identity } = this.#server.platform.people;
    const { id: personId, email } = life.person;
    const tenantId = this.#tenant.id;
    await identity.withTenant(tenantId, 's:test', () =>
      identity.transaction((tx) => insertMember(tx, tenantId, { personId, email, name: 'Back', role: 'member' })),
    );
    life.member = true;
    life.roles.push({ role: 'member', at: this.#clock.ms });
  }

  /** Lowers an admin, raises anybody else: a token says its role, so both end it. */
  async changeRole(life: Life): Promise<void> {
    if (!life.member) return;
    const role = this.roleOf(life) === 'admin' ? 'viewer' : 'admin';
    await this.#manage('PATCH /v1/members/{id}', life, { role });
    life.roles.push({ role, at: this.#clock.ms });
    this.#end(life, ({ kind }) => kind === 'token');
  }

  async reset(life: Life): Promise<void> {
    const { people } = this.#server.platform;
    const token = newOpaque();
    const link = { hash: hashOf(token), kind: 'reset', email: life.person.email, body: {}, seconds: 600 } as const;
    await insertLink(people.unsealed, link);
    await confirmReset(people, { token, password: `${PASSWORD} ${token}` }, web());
    this.#end(life, ({ kind }) => kind !== 'key');
  }

  /** Signs out where somebody signed in last, or everywhere. */
  async signOut(life: Life, everywhere: boolean): Promise<void> {
    const { people } = this.#server.platform;
    const last = life.credentials.findLast(({ kind, endedAt }) => kind !== 'key' && endedAt === undefined);
    if (everywhere) await endAllLogins(people, life.person.id);
    else if (last) await endLogin(people, life.person.id, last.id).catch(() => {});
    this.#end(life, ({ kind, id }) => kind !== 'key' && (everywhere || id === last?.id));
  }

  async revokeKey(life: Life): Promise<void> {
    const key = life.credentials.find(({ kind, endedAt }) => kind === 'key' && endedAt === undefined);
    if (key === undefined) return;
    await this.#manage('DELETE /v1/api-keys/{id}', { person: { id: key.id } });
    this.#end(life, (one) => one === key);
  }

  async #manage(
    route: 'DELETE /v1/members/{id}' | 'PATCH /v1/members/{id}' | 'DELETE /v1/api-keys/{id}',
    { person: { id } }: { person: { id: string } },
    body?: unknown,
  ): Promise<void> {
    const { status, text } = await this.#tenant.call(route, { params: { id }, ...(body !== undefined && { body }) });
    if (status >= 300) throw new Error(`${route}: ${status} ${text}`);
  }

  #end({ credentials }: Life, which: (credential: Credential) => boolean): void {
    for (const one of credentials) if (which(one)) one.endedAt ??= this.#clock.ms;
  }
}
