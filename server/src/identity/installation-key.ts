import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { lengthPrefixed } from './length-prefixed.ts';

const CIPHER = 'aes-256-gcm';
const NONCE = 12;
/** Set on both sides: without it Node opens tags that were cut to 4 bytes. */
const TAG = { authTagLength: 16 };

/**
 * Encrypts what the installation keeps for itself, for one purpose and one row: nonce 12, ciphertext, tag 16 (28 bytes
 * more than the plaintext), by AES-256-GCM with purpose and row as additional data. `key` is `rootKey(dataDir)`.
 */
export function wrap(key: KeyObject, purpose: string, rowId: string, bytes: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv(CIPHER, key, nonce, TAG).setAAD(place(purpose, rowId));
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

/**
 * Decrypts what `wrap` gave for the same key, purpose and row.
 * @throws Error for anything else: changed, cut, moved to another row or purpose. Nothing of it was returned before.
 */
export function unwrap(key: KeyObject, purpose: string, rowId: string, wrapped: Uint8Array): Buffer {
  const refused = `${purpose}: does not open for this row with this installation's key`;
  const bytes = Buffer.from(wrapped.buffer, wrapped.byteOffset, wrapped.byteLength);
  if (bytes.length < NONCE + TAG.authTagLength) throw new Error(refused);
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE), TAG)
    .setAAD(place(purpose, rowId))
    .setAuthTag(bytes.subarray(-TAG.authTagLength));
  const plain = decipher.update(bytes.subarray(NONCE, -TAG.authTagLength));
  try {
    decipher.final();
  } catch {
    plain.fill(0);
    throw new Error(refused);
  }
  return plain;
}

/** Derives the key for MACs of one purpose (HKDF-SHA256, RFC 5869), the same at every call and in every process. */
export function macKey(key: KeyObject, purpose: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', key, '', lengthPrefixed('bos.mac.1', purpose), 32)));
}

function place(purpose: string, rowId: string): Buffer {
  return lengthPrefixed('bos.wrap.1', purpose, rowId);
}
