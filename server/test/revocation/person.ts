import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import type { ApiAnswer, Role } from '@businessos/contract';
import { ensureMember } from '../../src/identity/member-store.ts';
import { hashPassword } from '../../src/identity/password.ts';
import { callRoute } from '../client.ts';
import type { TestServer } from '../harness.ts';

export interface Person {
  id: string;
  email: string;
}

/** A browser's cookies: at the identity host, and at one tenant's. */
export interface Browser {
  login: string;
  session: string;
}

export const PASSWORD = 'a long enough password';
const hash = await hashPassword(PASSWORD);

/** Makes a new person a member of a tenant. */
export async function addPerson(
  { platform }: Pick<TestServer, 'platform'>,
  tenantId: string,
  role: Role,
): Promise<Person> {
  const { identity } = platform;
  const email = `${randomUUID()}@mail.example`;
  const member = { email, name: 'Somebody', role, password: hash };
  const id = await identity.withTenant(tenantId, 's:test', () =>
    identity.transaction((tx) => ensureMember(tx, tenantId, member)),
  );
  return { id, email };
}

/** Signs a person in at the server of a port, by password. */
export async function signIn(port: number, { email }: Person, tenant: string): Promise<ApiAnswer<'POST /v1/tokens'>> {
  const body = { grant: 'password', email, password: PASSWORD, tenant };
  const answer = await callRoute(port, 'POST /v1/tokens', { host: `id.bos.localhost:${port}`, body });
  assert.equal(answer.status, 200, answer.text);
  return answer.ok;
}

/** Signs a person's browser in at the identity host, and takes it to a tenant, as a browser would go. */
export async function openBrowser(port: number, { email }: Person, tenant: string): Promise<Browser> {
  const id = `id.bos.localhost:${port}`;
  const own = `${tenant}.bos.localhost:${port}`;
  const made = await browse(port, 'POST /v1/me/logins', { host: id, body: { email, password: PASSWORD } });
  assert.equal(made.status, 201, made.text);
  const begun = await browse(port, 'GET /signin', { host: own });
  const flow = new URL(begun.location);
  const code = await browse(port, `GET ${flow.pathname}${flow.search}`, { host: id, cookie: made.cookie });
  const back = new URL(code.location);
  const entered = await browse(port, `GET ${back.pathname}${back.search}`, { host: own, cookie: begun.cookie });
  assert.equal(entered.status, 303, entered.text);
  return { login: made.cookie, session: entered.cookie };
}

/** Sends a request as a browser does; `cookie` of the answer is what it would send next. */
export function browse(
  port: number,
  route: string,
  { host, cookie, body, signal }: { host: string; cookie?: string; body?: unknown; signal?: AbortSignal },
): Promise<{ status: number; text: string; location: string; cookie: string }> {
  const [method = '', path = ''] = route.split(' ');
  const headers = {
    Host: host,
    Origin: `http://${host}`,
    ...(cookie !== undefined && { Cookie: cookie }),
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
  };
  return new Promise((resolve, reject) => {
    const out = request(
      { host: '127.0.0.1', port, method, path, headers, agent: false, ...(signal && { signal }) },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          text += piece;
        });
        response.on('error', reject);
        response.on('end', () => {
          const cookies = (response.headers['set-cookie'] ?? []).map((line) => line.split(';')[0] ?? '');
          resolve({
            status: response.statusCode ?? 0,
            text,
            location: response.headers.location ?? '',
            cookie: cookies.filter((pair) => !pair.endsWith('=')).join('; '),
          });
        });
      },
    );
    out.on('error', reject);
    out.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
