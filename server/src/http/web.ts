import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import { clientAddress } from './address.ts';
import { readCookie } from './cookies.ts';
import { headerValues } from './host.ts';

/** What is known of whoever sends a request, beside what he says of himself. */
export interface Web {
  /** An IP address. */
  address: string;
  /** Browser and system in a few words, for a person who looks at his sign-ins. */
  device: string;
  requestId: string;
  cookie(name: string): string | undefined;
}

/** Reads it when it is asked for: most requests need none of it. */
export function webOf(request: IncomingMessage, requestId: string, trusted: BlockList): Web {
  return {
    get address() {
      return clientAddress(request, trusted);
    },
    get device() {
      return deviceOf(headerValues(request.rawHeaders, 'user-agent')[0] ?? '');
    },
    requestId,
    cookie: (name) => readCookie(request.rawHeaders, name),
  };
}

const browsers = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/Chrome\/|\bCriOS\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
  [/^curl\//, 'curl'],
] as const;
const systems = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X|Macintosh/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
] as const;

/** Names browser and system of a User-Agent (RFC 9110, section 10.1.5); anything else by its first word. */
function deviceOf(agent: string): string {
  const browser = browsers.find(([pattern]) => pattern.test(agent))?.[1];
  const system = systems.find(([pattern]) => pattern.test(agent))?.[1];
  const first = /^[A-Za-z0-9._-]{1,40}/.exec(agent)?.[0];
  if (browser === undefined) return first ?? 'unknown device';
  return system === undefined ? browser : `${browser} on ${system}`;
}
