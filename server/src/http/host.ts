import { parseSlug } from '@businessos/contract';

/**
 * What decides who a Host names. `baseDomain` is in lower case and has no port; `port` is the one that clients write,
 * so the proxy's if there is one; in production `localhost` and `127.0.0.1` are no names of ours.
 */
export type HostOptions = { baseDomain: string; port: number; production: boolean };

/** Whom the Host of a request names. `invalid` is answered with 400; its reason is for the log. */
export type Host =
  | { kind: 'tenant'; slug: string }
  | { kind: 'base' | 'id' | 'api' | 'operator' | 'local' }
  | { kind: 'invalid'; reason: string };

/** What `x-tenant` says. `odd` can name no tenant and is answered like a missing tenant, `invalid` with 400. */
export type TenantHeader =
  | { kind: 'absent' | 'odd' }
  | { kind: 'slug'; slug: string }
  | { kind: 'invalid'; reason: string };

/** The path and query of a request, still encoded, or why it is refused with 400. */
export type Target = { kind: 'target'; path: string; query: string } | { kind: 'invalid'; reason: string };

const hostPattern = /^([A-Za-z0-9.-]{1,80})(?::([0-9]{1,5}))?$/;
const targetPattern = /^\/(?!\/)[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$/;
const maxTarget = 8_192;

/**
 * Decides whom a request is addressed to, from its raw headers alone: exactly one Host, at most one X-Tenant, the
 * configured port, and a name of this installation. Nothing is corrected but capitals. A slug that no tenant can have
 * is invalid, so every `tenant` answered here is worth a look-up.
 */
export function parseHost(rawHeaders: readonly string[], { baseDomain, port, production }: HostOptions): Host {
  let text: string | undefined;
  let tenants = 0;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const key = rawHeaders[at] ?? '';
    if (key.length === 4 && key.toLowerCase() === 'host') {
      if (text !== undefined) return invalid('more than one Host');
      text = rawHeaders[at + 1] ?? '';
    } else if (key.length === 8 && key.toLowerCase() === 'x-tenant' && ++tenants > 1) {
      return invalid('more than one X-Tenant');
    }
  }
  if (text === undefined) return invalid('no Host');
  // Matched before it is lower-cased: some letters outside ASCII turn into ASCII ones (U+212A into k).
  const match = hostPattern.exec(text);
  if (!match) return invalid('odd characters in Host');
  const [, given = '', givenPort] = match;
  if (givenPort === undefined ? port !== 80 && port !== 443 : givenPort !== String(port)) return invalid('other port');
  const name = given.toLowerCase();
  if (name === baseDomain) return { kind: 'base' };
  if (name.endsWith(baseDomain) && name.charAt(name.length - baseDomain.length - 1) === '.') {
    return labelOf(name.slice(0, -baseDomain.length - 1));
  }
  if (!production && (name === 'localhost' || name === '127.0.0.1')) return { kind: 'local' };
  return invalid('not a name of this installation');
}

function labelOf(label: string): Host {
  if (label === 'id' || label === 'api' || label === 'operator') return { kind: label };
  const parsed = parseSlug(label);
  return parsed.ok ? { kind: 'tenant', slug: parsed.slug } : invalid(`no possible slug: ${parsed.reason}`);
}

/** Reads `x-tenant` from raw headers. Capitals, blanks and reserved words are odd, not corrected. */
export function readTenantHeader(rawHeaders: readonly string[]): TenantHeader {
  const [text, ...others] = headerValues(rawHeaders, 'x-tenant');
  if (text === undefined) return { kind: 'absent' };
  if (others.length > 0) return invalid('more than one X-Tenant');
  const parsed = parseSlug(text);
  return parsed.ok ? { kind: 'slug', slug: parsed.slug } : { kind: 'odd' };
}

/**
 * Splits the target of a request into path and query. Refuses the absolute, authority and asterisk forms (RFC 9112,
 * section 3.2), `//`, characters that have to be encoded, and a path whose escapes are no UTF-8 or hide a control
 * character, a slash or a backslash.
 */
export function parseTarget(url: string): Target {
  if (url.length > maxTarget) return invalid('target too long');
  if (!targetPattern.test(url)) return invalid('odd target');
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  if (path.includes('%') && !isDecodable(path)) return invalid('odd escape in path');
  return { kind: 'target', path, query: mark < 0 ? '' : url.slice(mark + 1) };
}

function isDecodable(path: string): boolean {
  if (/%(?:2f|5c)/i.test(path)) return false;
  try {
    return !/\p{Cc}/u.test(decodeURIComponent(path));
  } catch {
    return false;
  }
}

/**
 * Collects every value that a request sent under a name (lower case), in order. `rawHeaders` keeps what
 * `request.headers` joins or drops, so this is the way to see a header twice.
 */
export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const key = rawHeaders[at] ?? '';
    if (key.length === name.length && key.toLowerCase() === name) values.push(rawHeaders[at + 1] ?? '');
  }
  return values;
}

function invalid(reason: string): { kind: 'invalid'; reason: string } {
  return { kind: 'invalid', reason };
}
