/**
 * Counts the password hashes that this process makes or checks. To be imported before anything of the server, since it
 * stands before the library's own functions.
 */

import { createRequire } from 'node:module';

type Argon2 = Record<'hash' | 'verify', (...args: unknown[]) => unknown>;

const argon2 = createRequire(import.meta.url)('@node-rs/argon2') as Argon2;
let made = 0;
for (const name of ['hash', 'verify'] as const) {
  const real = argon2[name];
  argon2[name] = (...args) => {
    made++;
    return real(...args);
  };
}

/** How many hashes `act` caused. */
export async function hashesDuring<T>(act: () => Promise<T>): Promise<{ value: T; hashes: number }> {
  const before = made;
  const value = await act();
  return { value, hashes: made - before };
}
