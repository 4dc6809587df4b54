const ZERO = 48;

/**
 * Makes a parser of PostgreSQL's ISO output of a timestamptz in UTC that is several times faster than pg's general one,
 * which still gets every other form (another zone, BC, infinity). Milliseconds, as a Date has them.
 */
export function instantParser(general: (text: string) => Date): (text: string) => Date {
  return (text) => {
    // 2026-11-24 13:28:37[.123456]+00
    const end = text.length - 3;
    const utc = end >= 19 && text.endsWith('+00') && text.charCodeAt(4) === 45 && text.charCodeAt(10) === 32;
    if (!utc || (end > 19 && text.charCodeAt(19) !== 46)) return general(text);
    const year = two(text, 0) * 100 + two(text, 2);
    if (year < 100) return general(text); // Date.UTC takes 0 to 99 for the 20th century
    let ms = 0;
    for (let at = 20, weight = 100; at < 23; at++, weight /= 10) {
      if (at < end) ms += (text.charCodeAt(at) - ZERO) * weight;
    }
    return new Date(Date.UTC(year, two(text, 5) - 1, two(text, 8), two(text, 11), two(text, 14), two(text, 17), ms));
  };
}

function two(text: string, at: number): number {
  return (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
}
