import type { Control } from './control.ts';

/** Bytes of room that a password needs; the server decides, this only tells in time. */
const MIN_PASSWORD = 12;

/** The e-mail of somebody who signs in; password managers take it for the name. */
export function userEmail(value: string | undefined, focus = false): Control {
  return { ...email('E-mail', value), autocomplete: 'username', focus };
}

/** An e-mail address to be mailed to. */
export function email(label: string, value: string | undefined) {
  return {
    kind: 'line',
    name: 'email',
    label,
    type: 'email',
    value,
    autocomplete: 'email',
    inputmode: 'email',
  } as const satisfies Control;
}

/** The password that somebody has. */
export function password(label = 'Password'): Control {
  return { kind: 'secret', name: 'password', label, autocomplete: 'current-password' };
}

/** A password to be. */
export function newPassword(label = 'Password', name = 'password'): Control {
  return {
    kind: 'secret',
    name,
    label,
    autocomplete: 'new-password',
    minlength: MIN_PASSWORD,
    hint: `At least ${MIN_PASSWORD} characters. A few words in a row do well.`,
  };
}

/** The name under which colleagues see somebody. */
export function personName(value: string | undefined): Control {
  return { kind: 'line', name: 'name', label: 'Your name', value, autocomplete: 'name', maxlength: 100 };
}

/** Six digits of an authenticator app. */
export function oneTimeCode(focus = true): Control {
  return {
    kind: 'line',
    name: 'code',
    label: 'One-time code',
    autocomplete: 'one-time-code',
    inputmode: 'numeric',
    literal: true,
    hint: 'The six digits that your app shows now.',
    focus,
  };
}
