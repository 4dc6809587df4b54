import { createHash, randomBytes } from 'node:crypto';

/** 32 bytes in base64url: the last character carries 4 bits, so 16 of 64 are canonical and a secret has one spelling. */
const OPAQUE = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
const TENANT_OPAQUE = /^([0-9a-f]{32})\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** Makes a secret that means nothing by itself: 32 random bytes in base64url, 43 characters. */
export function newOpaque(): string {
  return randomBytes(32).toString('base64url');
}

/** SHA-256 of a secret's text: what the database keeps in its place. 190 random bits and more need no slow hash. */
export function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Returns the hash of a text that `newOpaque` may have made, else undefined. */
export function parseOpaque(text: string): Buffer | undefined {
  return OPAQUE.test(text) ? hashOf(text) : undefined;
}

/** Makes a secret that says whose scope it is looked up in: the tenant as 32 hex digits, a dot, `newOpaque`. */
export function newTenantOpaque(tenantId: string): string {
  return `${uuidHex(tenantId)}.${newOpaque()}`;
}

/** Returns tenant and hash (of the whole) of a text that `newTenantOpaque` may have made. The tenant is a claim: it only says where to look. */
export function parseTenantOpaque(text: string): { tenantId: string; hash: Buffer } | undefined {
  const hex = TENANT_OPAQUE.exec(text)?.[1];
  return hex === undefined ? undefined : { tenantId: uuidOf(hex), hash: hashOf(text) };
}

/** A UUID without its hyphens. */
export function uuidHex(uuid: string): string {
  return uuid.replaceAll('-', '');
}

/** The UUID of 32 hex digits. */
export function uuidOf(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
