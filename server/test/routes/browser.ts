import assert from 'node:assert/strict';
import { type RawAnswer, sendRaw } from '../client.ts';
import { PASSWORD } from './stage.ts';

type Headers = readonly (readonly [string, string])[];

/** Words of the database and the program that no page shows. */
const INNARDS =
  /\b(?:pg_\w+|bos_(?:app|identity|control|owner|audit)|tenant_id|sqlstate|plpgsql|violates|duplicate key)\b|\bidentity\.\w+|\bselect .{1,200} from |node_modules|\.ts:\d+/i;
/** The cookies of the product, as every one of them is set. */
export const COOKIE =
  /^(__Host-bos(?:-[a-z]+)?)=([A-Za-z0-9._-]*); Path=\/; Max-Age=(\d+); HttpOnly; Secure; SameSite=Lax$/;

/** Keeps cookies as a browser does, host by host, and sends forms; it follows nothing by itself. */
export class Browser {
  readonly port: number;
  readonly #cookies = new Map<string, Map<string, string>>();

  constructor(port: number) {
    this.port = port;
  }

  /** The host of a label: `id`, or a slug. */
  host(label: string): string {
    return `${label}.bos.localhost:${this.port}`;
  }

  /** The cookies that go to a host, by name. */
  cookies(label: string): Map<string, string> {
    const host = this.host(label);
    const jar = this.#cookies.get(host) ?? new Map<string, string>();
    this.#cookies.set(host, jar);
    return jar;
  }

  async get(label: string, target: string, headers: Headers = []): Promise<RawAnswer> {
    return await this.#send('GET', label, target, headers);
  }

  /** Sends a form with the page's own token, from the page's own origin. */
  async post(label: string, target: string, fields: Record<string, string>, headers: Headers = []): Promise<RawAnswer> {
    return await this.postFrom([['Origin', `http://${this.host(label)}`]], label, target, fields, headers);
  }

  /** Sends a form with the page's own token, from wherever `from` says. */
  async postFrom(
    from: Headers,
    label: string,
    target: string,
    fields: Record<string, string>,
    headers: Headers = [],
  ): Promise<RawAnswer> {
    const body = new URLSearchParams({ csrf: await this.csrf(label), ...fields }).toString();
    return await this.#send('POST', label, target, [...from, ...headers], body);
  }

  /** The token that this browser's forms at `id`, or at a tenant where it is signed in, must bring. */
  async csrf(label: string): Promise<string> {
    const { text } = await this.get(label, label === 'id' ? '/signup' : '/');
    return /name="csrf" value="([\w-]+)"/.exec(text)?.[1] ?? '';
  }

  /** Begins at a tenant's host; returns the target at `id`. */
  async begin(slug: string): Promise<string> {
    return this.#targetAt('id', (await this.get(slug, '/signin')).headers['location']);
  }

  /** Signs in at `id` on the way to a tenant; returns the target at the tenant that uses the code. */
  async signIn(slug: string, email: string, target: string, password: string = PASSWORD): Promise<string> {
    const { status, headers, text } = await this.post('id', target, { email, password });
    assert.equal(status, 200, text);
    return this.#targetAt(slug, String(headers['refresh']).replace(/^0; url=/, ''));
  }

  /** Goes the whole way of a sign-in. */
  async enter(slug: string, email: string): Promise<void> {
    const code = await this.signIn(slug, email, await this.begin(slug));
    const { status, text } = await this.get(slug, code);
    assert.equal(status, 303, text);
  }

  #targetAt(label: string, href: unknown): string {
    const url = new URL(String(href));
    assert.equal(url.host, this.host(label));
    return `${url.pathname}${url.search}`;
  }

  async #send(method: string, label: string, target: string, more: Headers, body?: string): Promise<RawAnswer> {
    const jar = this.cookies(label);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = [
      ['Host', this.host(label)] as const,
      ...(cookie === '' ? [] : [['Cookie', cookie] as const]),
      ...(body === undefined ? [] : [['Content-Type', 'application/x-www-form-urlencoded'] as const]),
      ...(body === undefined ? [] : [['Content-Length', String(Buffer.byteLength(body))] as const]),
      ...more,
    ];
    const answer = await sendRaw(this.port, { method, target, headers, body });
    checkPage(answer);
    for (const text of [answer.headers['set-cookie'] ?? []].flat()) {
      const [, name = '', value = '', seconds] = COOKIE.exec(text) ?? assert.fail(`a cookie of another form: ${text}`);
      if (seconds === '0') jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  }
}

/** Checks what every page carries, whatever it says, and that it shows nothing of the database or the program. */
export function checkPage({ status, headers, rawHeaders, text }: RawAnswer): void {
  const about = `${status} ${text.slice(0, 300)}`;
  assert.ok(status < 500 || status === 503, about);
  assert.equal(headers['cache-control'], 'private, no-store', about);
  assert.equal(headers['referrer-policy'], 'same-origin', about);
  assert.equal(headers['x-content-type-options'], 'nosniff', about);
  assert.equal(headers['cross-origin-resource-policy'], 'same-origin', about);
  assert.match(String(headers['content-security-policy']), /^default-src 'none'/, about);
  assert.ok(!rawHeaders.some((name) => /^access-control-/i.test(name)), about);
  assert.equal(headers['content-length'], String(Buffer.byteLength(text)), about);
  if (String(headers['content-type']).startsWith('text/html')) {
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin', about);
    assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/, about);
  }
  assert.doesNotMatch(text, INNARDS);
}
