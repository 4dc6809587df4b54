import type { Country } from './countries.ts';
import type { Random } from './random.ts';

/**
 * Numbers that regulators keep free for fiction, `#` standing for any digit. Where a country has no such range that
 * could be confirmed, its list is empty and its people have no telephone: a made-up number would ring somewhere.
 *
 * Germany: Bundesnetzagentur, Mitteilung 148/2021. United Kingdom: Ofcom, numbers for drama. France: ARCEP. Ireland:
 * ComReg. Sweden: PTS. Australia: ACMA. United States: NANPA, 555-0100 to 555-0199.
 */
const fixed = {
  ae: [],
  at: [],
  'au-sydney': ['+61 2 5550 ####', '+61 2 7010 ####'],
  ch: [],
  cz: [],
  'de-berlin': ['+49 30 23125 ###'],
  'de-frankfurt': ['+49 69 90009 ###'],
  'de-hamburg': ['+49 40 66969 ###'],
  'de-koeln': ['+49 221 4710 ###'],
  'de-muenchen': ['+49 89 99998 ###'],
  'de-home': [],
  dk: [],
  es: [],
  fi: [],
  'fr-paris': ['+33 1 99 00 ## ##'],
  'fr-nordest': ['+33 3 53 01 ## ##'],
  'fr-ouest': ['+33 2 61 91 ## ##'],
  'fr-sudest': ['+33 4 65 71 ## ##'],
  'gb-birmingham': ['+44 121 496 0###'],
  'gb-bristol': ['+44 117 496 0###'],
  'gb-cardiff': ['+44 29 2018 0###'],
  'gb-edinburgh': ['+44 131 496 0###'],
  'gb-glasgow': ['+44 141 496 0###'],
  'gb-leeds': ['+44 113 496 0###'],
  'gb-london': ['+44 20 7946 0###'],
  'gb-manchester': ['+44 161 496 0###'],
  'gb-rural': ['+44 1632 960###'],
  'gb-home': [],
  ie: ['+353 20 91# ####'],
  in: [],
  is: [],
  it: [],
  jp: [],
  ng: [],
  nl: [],
  no: [],
  pl: [],
  pt: [],
  'se-goeteborg': ['+46 31 390 06 ##'],
  'se-stockholm': ['+46 8 465 004 ##'],
  tr: [],
  'us-chicago': ['+1 312 555 01##'],
  'us-portland': ['+1 503 555 01##'],
  vn: [],
} as const satisfies Record<string, readonly string[]>;

const mobile: Partial<Record<Country, readonly string[]>> = {
  de: ['+49 171 39200##', '+49 176 040690##'],
  fr: ['+33 6 39 98 ## ##'],
  gb: ['+44 7700 900###'],
};

/** Where somebody's telephone stands: a country, or a country and a city that has a range of its own. */
export type Area = keyof typeof fixed;

/** Returns the country that an area lies in. */
export function countryOf(area: Area): Country {
  return area.slice(0, 2) as Country;
}

/** Draws a number that nobody has, in international form and not yet in `taken`; null where no range is reserved. */
export function fictionalPhone(random: Random, area: Area, taken: Set<string>): string | null {
  const cells = mobile[countryOf(area)] ?? [];
  const desks: readonly string[] = fixed[area];
  const forms = cells.length > 0 && (desks.length === 0 || random.chance(0.3)) ? cells : desks;
  if (forms.length === 0) return null;
  for (let attempt = 0; attempt < 50; attempt++) {
    const phone = random.pick(forms).replaceAll('#', () => String(random.below(10)));
    if (taken.has(phone)) continue;
    taken.add(phone);
    return phone;
  }
  return null;
}
