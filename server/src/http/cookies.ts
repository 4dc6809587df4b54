import { headerValues } from './host.ts';

/**
 * Reads one cookie from raw headers (RFC 6265, section 5.4); undefined when it is absent, or there twice: a sibling
 * domain can add cookies, so of two nobody knows which one is ours.
 */
export function readCookie(rawHeaders: readonly string[], name: string): string | undefined {
  let found: string | undefined;
  for (const header of headerValues(rawHeaders, 'cookie')) {
    for (const part of header.split(';')) {
      const equals = part.indexOf('=');
      if (equals < 0 || part.slice(0, equals).trim() !== name) continue;
      if (found !== undefined) return undefined;
      found = part.slice(equals + 1).trim();
    }
  }
  return found;
}

/**
 * Writes a cookie for this host alone: `__Host-` names are refused by browsers with a Domain, without Secure or with
 * another path (RFC 6265bis, section 4.1.3). `seconds` 0 takes it away.
 */
export function hostCookie(name: `__Host-${string}`, value: string, seconds: number): string {
  return `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; Secure; SameSite=Lax`;
}
