/**
 * Joins texts to bytes that no other list of texts gives: each with its length in bytes (u32, big-endian) before its
 * UTF-8. Without the lengths `ab|c` and `a|bc` would be one input of a hash or a MAC.
 */
export function lengthPrefixed(...parts: readonly string[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}
