import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import { TenancyError } from './errors.ts';
import { isUuid } from './ids.ts';

/** What an access token says (RFC 7519, RFC 9068): whose, for which tenant, in which role, until when. */
export interface TokenClaims {
  iss: string;
  aud: string;
  /** The person or operator, a UUID. */
  sub: string;
  /** The tenant's id; absent in an operator's token. */
  tid?: string;
  role?: string;
  /** The sign-in that it came of, and the state of the revocation feed in which its rights were read. */
  lid?: string;
  rev?: number;
  gen?: string;
  /** Seconds since 1970. */
  iat: number;
  exp: number;
}

export interface TokenKey {
  kid: string;
  key: KeyObject;
}

const SKEW_S = 30;
const CACHED = 5_000;
const MAX_LENGTH = 4_096;
// the last of 86 base64url characters carries 4 bits only: one spelling is canonical, 15 others decode alike
const SIGNATURE = /^[A-Za-z0-9_-]{85}[AQgw]$/;
const PAYLOAD = /^[A-Za-z0-9_-]+$/;

function headerOf(kid: string): string {
  return Buffer.from(JSON.stringify({ alg: 'EdDSA', typ: 'at+jwt', kid })).toString('base64url');
}

/** Signs a token with Ed25519 (RFC 8037). */
export function signToken({ kid, key }: TokenKey, claims: TokenClaims): string {
  const head = `${headerOf(kid)}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  return `${head}.${sign(null, Buffer.from(head), key).toString('base64url')}`;
}

/** Verifies tokens; throws TenancyError CREDENTIAL_INVALID for anything but a valid one. */
export type TokenVerifier = (token: string) => TokenClaims;

/**
 * Makes a verifier with a fixed algorithm. The header is never parsed: its text must equal the header that one of our
 * keys writes, so `alg: none`, key confusion and kid, jku, x5u or jwk injection have nothing to act on. A verified
 * token is remembered by its hash (5,000, bounded); its times are checked at every use.
 */
export function createTokenVerifier(options: {
  keys: readonly TokenKey[];
  issuer: string;
  audience: string;
  now?: () => number;
}): TokenVerifier {
  const { issuer, audience, now = Date.now } = options;
  const byHeader = new Map(
    options.keys.map(({ kid, key }) => [headerOf(kid), key.type === 'private' ? createPublicKey(key) : key]),
  );
  const known = new Map<string, TokenClaims>();
  return (token) => {
    if (token.length > MAX_LENGTH) throw refused('too long');
    const digest = hash('sha256', token, 'base64');
    const cached = known.get(digest);
    if (cached) return checkTimes(cached, now());
    const claims = checkTimes(open(token, byHeader), now());
    if (claims.iss !== issuer || claims.aud !== audience) throw refused('issuer or audience');
    if (known.size >= CACHED) known.delete(known.keys().next().value as string);
    known.set(digest, claims);
    return claims;
  };
}

function open(token: string, byHeader: Map<string, KeyObject>): TokenClaims {
  const [header = '', payload = '', signature = '', rest] = token.split('.');
  const key = byHeader.get(header);
  if (key === undefined || rest !== undefined || !SIGNATURE.test(signature) || !PAYLOAD.test(payload))
    throw refused('form');
  if (!verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url')))
    throw refused('signature');
  const claims = parseClaims(Buffer.from(payload, 'base64url').toString('utf8'));
  if (claims === undefined) throw refused('claims');
  return claims;
}

/** Returns undefined for anything but claims whose subject and tenant are UUIDs and whose times are numbers. */
function parseClaims(text: string): TokenClaims | undefined {
  let claims: Partial<TokenClaims> | null;
  try {
    claims = JSON.parse(text) as Partial<TokenClaims> | null;
  } catch {
    return undefined;
  }
  const { sub, tid, iat, exp } = claims ?? {};
  if (!isUuid(sub) || (tid !== undefined && !isUuid(tid))) return undefined;
  return typeof exp === 'number' && typeof iat === 'number' ? (claims as TokenClaims) : undefined;
}

function checkTimes(claims: TokenClaims, nowMs: number): TokenClaims {
  const seconds = nowMs / 1000;
  if (claims.exp <= seconds - SKEW_S) throw refused('expired');
  if (claims.iat > seconds + SKEW_S) throw refused('issued in the future');
  return claims;
}

function refused(detail: string): TenancyError {
  return new TenancyError('CREDENTIAL_INVALID', 'the credential is not valid, or no longer', { detail });
}
