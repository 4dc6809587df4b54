import { namesByCountry } from './countries.ts';
import type { PersonName } from './mailboxes.ts';
import { type CultureName, cultures } from './names.ts';
import { type Area, countryOf } from './phones.ts';
import { Deck, type Random } from './random.ts';

/** Names people so that given and family name belong together and nobody in one tenant has another's full name. */
export class Registry {
  readonly #random: Random;
  readonly #decks = new Map<string, Deck<string>>();
  readonly #used = new Set<string>();

  constructor(random: Random, reserved: readonly string[]) {
    this.#random = random;
    for (const name of reserved) this.#used.add(name);
  }

  /** Names somebody who works or lives in `area`. */
  someoneIn(area: Area): PersonName {
    return this.#name(this.#random.weighted<CultureName>(namesByCountry[countryOf(area)]));
  }

  /** Names a member of the family that owns a business; `he/she` in the family name is resolved. */
  relative([culture, family]: readonly [CultureName, string]): PersonName {
    return this.#name(culture, family);
  }

  #name(cultureName: CultureName, ownFamily?: string): PersonName {
    const culture = cultures[cultureName];
    for (let attempt = 0; attempt < 200; attempt++) {
      const woman = this.#random.chance(0.5);
      const given = this.#draw(`${cultureName} ${woman}`, woman ? culture.women : culture.men);
      const pair = (ownFamily ?? this.#draw(cultureName, culture.families)).split('/');
      const family = (woman ? pair[1] : undefined) ?? pair[0] ?? '';
      const full = culture.habit === 'family first' ? `${family} ${given}` : `${given} ${family}`;
      if (this.#used.has(full)) continue;
      this.#used.add(full);
      const mailFamily = culture.habit === 'two surnames' ? family.replace(/ .*/, '') : family;
      return { full, given, family: mailFamily, umlauts: culture.habit === 'umlauts as ae' };
    }
    throw new RangeError(`the ${cultureName} names are used up; add some`);
  }

  #draw(key: string, cards: readonly string[]): string {
    let deck = this.#decks.get(key);
    if (deck === undefined) {
      deck = new Deck(this.#random, cards);
      this.#decks.set(key, deck);
    }
    return deck.draw();
  }
}
