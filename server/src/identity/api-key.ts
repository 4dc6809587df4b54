import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { hashOf, uuidHex, uuidOf } from './opaque.ts';

const KEY = /^bosk_([0-9a-f]{32})_[A-Za-z0-9]{39}$/;
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET = 32;
const CHECKSUM = 7;

/**
 * Makes an API key: `bosk_`, the tenant as 32 hex digits, `_`, 32 random characters of base62 (190 bits) and the CRC-32
 * of all before in base36 (7). Scanners for leaked secrets find it by `^bosk_[0-9a-f]{32}_[A-Za-z0-9]{39}$`.
 */
export function newApiKey(tenantId: string): string {
  const body = `bosk_${uuidHex(tenantId)}_${randomBase62(SECRET)}`;
  return body + checksum(body);
}

/**
 * Returns tenant and SHA-256 of a key that is well-formed and whose checksum fits, so that a slip of the pen costs no
 * query. The tenant is a claim: it only says in whose scope to look, where a forged key is not found.
 */
export function parseApiKey(text: string): { tenantId: string; hash: Buffer } | undefined {
  const hex = KEY.exec(text)?.[1];
  if (hex === undefined || checksum(text.slice(0, -CHECKSUM)) !== text.slice(-CHECKSUM)) return undefined;
  return { tenantId: uuidOf(hex), hash: hashOf(text) };
}

/** Bytes of 248 and above are thrown away: modulo 62 they would make the first 8 characters more likely. */
function randomBase62(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < 248 && text.length < length) text += BASE62[byte % 62];
    }
  }
  return text;
}

function checksum(text: string): string {
  return crc32(text).toString(36).padStart(CHECKSUM, '0');
}
