import { headerValues } from './host.ts';

const SAFE = new Set(['GET', 'HEAD']);

/**
 * Says whether a request may change something as far as its origin goes: it reads only, it brings no cookie, or the
 * browser names our own origin. A sibling's form is sent with a SameSite=Lax cookie, since siblings are one site, so
 * SameSite alone is no guard.
 */
export function isOwnOrigin(method: string, rawHeaders: readonly string[], origin: string): boolean {
  if (SAFE.has(method) || headerValues(rawHeaders, 'cookie').length === 0) return true;
  const named = headerValues(rawHeaders, 'origin');
  if (named.length > 0) return named.length === 1 && named[0] === origin;
  const site = headerValues(rawHeaders, 'sec-fetch-site');
  return site.length === 1 && site[0] === 'same-origin';
}
