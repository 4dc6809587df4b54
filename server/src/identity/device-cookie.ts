import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { lengthPrefixed } from './length-prefixed.ts';

/** The id of the browser, then a MAC for each person who signed in from it, the latest first. */
const COOKIE = /^([A-Za-z0-9_-]{22})((?:\.[A-Za-z0-9_-]{43}){1,8})$/;
/** So many people may share a browser. */
const MOST = 8;

/**
 * Makes the value of `__Host-bos-device` after a sign-in of this e-mail (lower case) succeeded. It lets this browser
 * try again while strangers use up the tries of all unknown ones; it is no credential. With the browser's present
 * cookie its id and the others who signed in from it stay known, up to eight.
 */
export function newDevice(macKey: KeyObject, email: string, cookie = ''): string {
  const [, id = randomBytes(16).toString('base64url'), others = ''] = COOKIE.exec(cookie) ?? [];
  const own = mac(macKey, email, id);
  const rest = others.split('.').filter((other) => other !== '' && other !== own);
  return [id, own, ...rest.slice(0, MOST - 1)].join('.');
}

/** Returns the browser's id when this e-mail has signed in from it, else undefined. */
export function knownDevice(macKey: KeyObject, email: string, cookie: string): string | undefined {
  const [, id, macs] = COOKIE.exec(cookie) ?? [];
  if (id === undefined || macs === undefined) return undefined;
  const own = Buffer.from(mac(macKey, email, id));
  const fits = macs
    .slice(1)
    .split('.')
    .filter((other) => timingSafeEqual(own, Buffer.from(other)));
  return fits.length > 0 ? id : undefined;
}

function mac(macKey: KeyObject, email: string, id: string): string {
  return createHmac('sha256', macKey)
    .update(lengthPrefixed('bos.device.1', email, id))
    .digest('base64url');
}
