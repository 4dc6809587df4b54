import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { RefusedError } from './errors.ts';
import { openingBytes } from './wire.ts';

/** Signing keys of one cluster: `kid` (8 of a-z 0-9) → at least 32 bytes in base64. `active` signs, all verify. */
export interface SealKeys {
  active: string;
  keys: Record<string, string>;
}

/** Seconds a seal lives; renewed at half of it, so clocks may differ by as much. */
const SEAL_TTL_S = 300;
const CACHED = 5_000;

/** A minted seal with the ready-made protocol bytes of its openings. */
export interface Seal {
  readonly text: string;
  readonly renewAt: number;
  /** Bind/Execute of `reset all` and of the read opening, for connections with prepared openings or without. */
  readonly read: { prepared: Buffer; unnamed: Buffer };
}

/**
 * Mints the sealed settings that PostgreSQL verifies: `<kid>.<tenant>.<expiry>.<mac>` (121 characters) and, for
 * writes, `<kid>.<tenant>.<expiry>.<principal>.<request id>.<mac>`; HMAC-SHA-256 (RFC 2104), lower-case hex.
 * Seals are cached per tenant in a bounded map. Never log what it returns.
 */
export class SealRing {
  #kid = '';
  #key: KeyObject | undefined; // a Buffer as key costs seven times as much for each seal
  #seals = new Map<string, Seal>();
  readonly #now: () => number;

  constructor(keys: SealKeys, now: () => number = Date.now) {
    this.#now = now;
    this.rotate(keys);
  }

  /** Signs with another key from now on; seals of the old one stay valid until they expire or the key is deleted. */
  rotate(keys: SealKeys): void {
    const parsed = parseSealKeys(keys);
    this.#key = createSecretKey(parsed.get(keys.active) as Buffer);
    this.#kid = keys.active;
    this.#seals.clear();
  }

  /** Returns a seal with at least half of its life left. */
  tenant(tenantId: string): Seal {
    const now = this.#now();
    const cached = this.#seals.get(tenantId);
    if (cached !== undefined && cached.renewAt > now) return cached;
    const head = `${this.#kid}.${tenantId}.${expiry(now)}`;
    const text = `${head}.${this.#mac(head)}`;
    const seal: Seal = {
      text,
      renewAt: now + (SEAL_TTL_S / 2) * 1000,
      read: { prepared: openingBytes(true, text), unnamed: openingBytes(false, text) },
    };
    this.#seals.delete(tenantId);
    if (this.#seals.size >= CACHED) this.#seals.delete(this.#seals.keys().next().value as string);
    this.#seals.set(tenantId, seal);
    return seal;
  }

  /** Returns the sealed principal of a write, valid for the same tenant only. */
  principal(tenantId: string, principal: string, requestId: string): { text: string; renewAt: number } {
    const now = this.#now();
    const head = `${this.#kid}.${tenantId}.${expiry(now)}.${principal}.${requestId}`;
    return { text: `${head}.${this.#mac(head)}`, renewAt: now + (SEAL_TTL_S / 2) * 1000 };
  }

  #mac(head: string): string {
    return createHmac('sha256', this.#key as KeyObject)
      .update(head)
      .digest('hex');
  }
}

/** Makes a key ring with one fresh random key. */
export function newSealKeys(previous?: SealKeys): SealKeys {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
  const kid = [...randomBytes(8)].map((byte) => alphabet[byte % 36]).join('');
  return { active: kid, keys: { ...previous?.keys, [kid]: randomBytes(32).toString('base64') } };
}

/** Checks the shape of a key ring and returns kid → key bytes; throws RefusedError naming what is wrong. */
export function parseSealKeys(keys: SealKeys): Map<string, Buffer> {
  const parsed = new Map<string, Buffer>();
  for (const [kid, text] of Object.entries(keys.keys)) {
    const bytes = Buffer.from(text, 'base64');
    if (!/^[a-z0-9]{8}$/.test(kid)) throw new RefusedError('seal keys: a key id is 8 letters a-z or digits');
    if (bytes.length < 32 || bytes.length > 64)
      throw new RefusedError(`seal key ${kid}: expected 32 to 64 bytes in base64`);
    parsed.set(kid, bytes);
  }
  if (!parsed.has(keys.active)) throw new RefusedError(`seal keys: the active key ${keys.active} is not among them`);
  return parsed;
}

/** The two HMAC pads (RFC 2104, block of 64 bytes) that the database stores instead of the key. */
export function sealPads(key: Buffer): { ipad: Buffer; opad: Buffer } {
  const block = Buffer.alloc(64);
  key.copy(block);
  return { ipad: Buffer.from(block.map((byte) => byte ^ 0x36)), opad: Buffer.from(block.map((byte) => byte ^ 0x5c)) };
}

function expiry(nowMs: number): string {
  return String(Math.floor(nowMs / 1000) + SEAL_TTL_S).padStart(10, '0');
}
