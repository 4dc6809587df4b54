import { createHash, randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { encode } from 'uqr';
import { lengthPrefixed } from './length-prefixed.ts';

const STEP_MS = 30_000;
const CODES = 10;
/** Crockford's base32: no I, L, O and U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Makes the secret of a second factor: 20 random bytes, as long as SHA-1's output (RFC 4226 section 4). */
export function newFactorSecret(): Buffer {
  return randomBytes(20);
}

/** The `otpauth://` address that an authenticator app takes. It holds the secret: for the person's own eyes, never logged. */
export function factorUri({ secret, issuer, email }: { secret: Buffer; issuer: string; email: string }): string {
  return totp(secret, issuer, email).toString();
}

/**
 * Finds the step whose code this is (RFC 6238: SHA-1, 6 digits, 30 s), among the present one and its neighbours; a
 * space in the middle is no mistake. A step is the number of 30 s since 1970: whoever keeps the last one that was taken
 * and takes only later ones makes each code work once.
 */
export function factorStep(secret: Buffer, code: string, nowMs: number): number | undefined {
  const digits = /^\s*([0-9]{3})\s?([0-9]{3})\s*$/.exec(code);
  if (digits === null) return undefined;
  const delta = totp(secret).validate({ token: `${digits[1]}${digits[2]}`, timestamp: nowMs, window: 1 });
  return delta === null ? undefined : Math.floor(nowMs / STEP_MS) + delta;
}

/** Draws the address as a QR code: an inline SVG, black on white in any colour scheme, with a title and without style or script. */
export function factorQr(uri: string): string {
  const { size, data } = encode(uri, { ecc: 'M', border: 4 }); // a quiet zone of 4, ISO/IEC 18004
  const dark = data.flatMap((row, y) =>
    [...row.map(Number).join('').matchAll(/1+/g)].map(
      ({ 0: run, index }) => `M${index} ${y}h${run.length}v1h-${run.length}z`,
    ),
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" role="img" shape-rendering="crispEdges">` +
    '<title>QR code for your authenticator app</title>' +
    `<path fill="#fff" d="M0 0h${size}v${size}h-${size}z"/><path fill="#000" d="${dark.join('')}"/></svg>`
  );
}

/** Makes ten recovery codes of 80 random bits, in four groups of four: `K3MA-09XZ-…`. Each is to work once. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: CODES }, () => {
    const bits = BigInt(`0x${randomBytes(10).toString('hex')}`);
    const text = Array.from({ length: 16 }, (_, i) => ALPHABET[Number((bits >> BigInt(75 - 5 * i)) & 31n)]).join('');
    return text.replace(/(.{4})(?=.)/g, '$1-');
  });
}

/**
 * Hashes a recovery code of a person (SHA-256: 80 random bits need no slow hash). Case, spaces, hyphens and the
 * look-alikes O, I and L do not matter; what is no code at all has a hash that nobody stored.
 */
export function recoveryHash(personId: string, code: string): Buffer {
  const read = code.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  return createHash('sha256')
    .update(lengthPrefixed('bos.recovery.1', personId, read))
    .digest();
}

function totp(secret: Buffer, issuer = '', label = ''): TOTP {
  const { buffer } = Uint8Array.from(secret); // a Buffer's own may be a slice of the pool
  return new TOTP({
    issuer,
    label,
    secret: new Secret({ buffer }),
    algorithm: 'SHA1',
    digits: 6,
    period: STEP_MS / 1000,
  });
}
