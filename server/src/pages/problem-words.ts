import { type Code, problems } from '@businessos/contract';

const MOMENT = 'Wait a moment, then try again.';

/** Where the table of problems speaks to programs, what it says to people at a browser. */
const WORDS: { readonly [code in Code]?: readonly [title: string, advice: string] } = {
  CROSS_ORIGIN: [
    'This form could not be taken',
    'Your browser did not send the cookie that belongs to it. Allow cookies for this address, go back, reload the page and try again.',
  ],
  NOT_FOUND: ['There is nothing here', 'Check the address in your browser.'],
  METHOD_NOT_ALLOWED: ['There is nothing here', 'Check the address in your browser.'],
  REQUEST_INVALID: ['This could not be read', 'Go back and try again.'],
  RATE_LIMITED: ['Too many tries', 'A link that we mail you works all the same.'],
  BUSY: ['Too many people sign in at this moment', MOMENT],
  POOL_BUSY: ['Too much is going on at this moment', MOMENT],
  REVOCATION_UNKNOWN: ['We cannot tell at this moment what you may see', MOMENT],
  DATABASE_UNAVAILABLE: ['Something is out of order on our side', MOMENT],
  OUTCOME_UNKNOWN: [
    'The connection broke while this was being saved',
    'Look whether it was done before you try again.',
  ],
  TIMED_OUT: ['This took too long', MOMENT],
};

/** Says a problem to people. `waitS`: in how many seconds another try is worth it. */
export function problemWords(code: Code, waitS?: number): { title: string; advice: string } {
  const [title, advice] = WORDS[code] ?? [problems[code].title, problems[code].user];
  return { title, advice: waitS === undefined ? advice : `Try again in ${span(waitS)}. ${advice}` };
}

function span(seconds: number): string {
  if (seconds < 90) return seconds === 1 ? 'a second' : `${seconds} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}
