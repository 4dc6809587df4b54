import type { RawAnswer } from '../client.ts';

const DIFFERS = /^(?:date|x-request-id|ratelimit.*|server-timing)$/i;

/** An answer without what differs from request to request. */
export interface Bare {
  status: number;
  /** Name and value in their order. */
  headers: (readonly [string, string])[];
  text: string;
}

/** Strips what may differ between equal answers; `words` are replaced too, such as what the asker himself sent. */
export function bare({ status, rawHeaders, text, headers }: RawAnswer, words: readonly string[] = []): Bare {
  const plain = (from: string) => words.reduce((left, word) => left.replaceAll(word, 'WORD'), from);
  const pairs = rawHeaders.flatMap((name, at) =>
    at % 2 === 0 ? [[name, plain(rawHeaders[at + 1] ?? '')] as const] : [],
  );
  return {
    status,
    headers: pairs.filter(([name]) => !DIFFERS.test(name)),
    text: plain(text.replaceAll(String(headers['x-request-id']), 'ID')),
  };
}
