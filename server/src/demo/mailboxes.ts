import type { Random } from './random.ts';

/** A name in the parts that an address is made of. */
export interface PersonName {
  readonly full: string;
  readonly given: string;
  readonly family: string;
  /** Write ä, ö, ü as ae, oe, ue, as German speakers do. */
  readonly umlauts: boolean;
}

/** How a company builds its addresses; a house has one style. */
export type MailStyle = 'given.family' | 'g.family' | 'family' | 'given';

const undecomposed: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
};

/** Transliterates to lower-case ASCII letters, digits and hyphens, blanks and apostrophes dropped. */
function asciiWord(text: string, umlauts: boolean): string {
  const expanded = umlauts ? text.replace(/[äöüÄÖÜ]/g, (letter) => `${letter}e`) : text;
  return expanded
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, (letter) => undecomposed[letter] ?? '');
}

/** Gives an address under `domain` that is not in `taken` (lower case), and adds it there. */
export function mailAddress(name: PersonName, domain: string, style: MailStyle, taken: Set<string>): string {
  const given = asciiWord(name.given, name.umlauts);
  const family = asciiWord(name.family, name.umlauts);
  const forms: Record<MailStyle, string> = {
    'given.family': `${given}.${family}`,
    'g.family': `${given.charAt(0)}.${family}`,
    family,
    given,
  };
  const candidates = [forms[style], forms['given.family']];
  for (let number = 2; ; number++) {
    const address = `${candidates.shift() ?? `${forms['given.family']}${number}`}@${domain}`;
    if (taken.has(address)) continue;
    taken.add(address);
    return address;
  }
}

/** Small businesses write first names, larger ones prefer longer forms. */
export function mailStyle(random: Random, staff: number): MailStyle {
  return staff <= 4
    ? random.weighted({ given: 50, 'given.family': 40, family: 10 })
    : random.weighted({ 'given.family': 60, 'g.family': 30, family: 10 });
}
