import { createHash } from 'node:crypto';

/**
 * Draws numbers that depend on nothing but the seed: SHA-256 in counter mode, eight 32-bit words per block.
 * Two streams with the same seed give the same sequence on every machine. Not for secrets.
 */
export class Random {
  readonly #seed: string;
  #block: Buffer = Buffer.alloc(0);
  #offset = 0;
  #counter = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** Returns the next number in [0, 1), a multiple of 2^-32. */
  next(): number {
    if (this.#offset >= this.#block.length) {
      this.#block = createHash('sha256')
        .update(`${this.#seed}\n${this.#counter++}`)
        .digest();
      this.#offset = 0;
    }
    const word = this.#block.readUInt32BE(this.#offset);
    this.#offset += 4;
    return word / 2 ** 32;
  }

  /** Returns a whole number in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** Returns true with the given probability; always takes exactly one draw. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** @throws RangeError when the list is empty. */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('nothing to pick from an empty list');
    return list[this.below(list.length)] as T;
  }

  /** Picks a key with a probability in proportion to its weight. */
  weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let rest = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      rest -= weight;
      if (rest < 0) return key;
    }
    throw new RangeError('weights must be positive');
  }

  /** Returns a shuffled copy (Fisher-Yates). */
  shuffled<T>(list: readonly T[]): T[] {
    const copy = [...list];
    for (let last = copy.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      [copy[last], copy[other]] = [copy[other] as T, copy[last] as T];
    }
    return copy;
  }
}

/** Deals every card once before any comes again, so that short lists do not look repetitive. */
export class Deck<T> {
  readonly #random: Random;
  readonly #cards: readonly T[];
  #left: T[] = [];

  constructor(random: Random, cards: readonly T[]) {
    if (cards.length === 0) throw new RangeError('a deck needs at least one card');
    this.#random = random;
    this.#cards = cards;
  }

  /** Deals the next card; shuffles anew when all have been dealt. */
  draw(): T {
    if (this.#left.length === 0) this.#left = this.#random.shuffled(this.#cards);
    return this.#left.pop() as T;
  }
}

/**
 * Derives an id from its parts by SHA-256 and gives it the version and variant bits of a random UUID (RFC 9562, 5.4).
 * The parts must not contain line breaks: they are what keeps the parts apart.
 */
export function derivedId(...parts: readonly (string | number)[]): string {
  const bytes = createHash('sha256').update(parts.join('\n')).digest().subarray(0, 16);
  bytes[6] = (bytes.readUInt8(6) & 0x0f) | 0x40;
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
