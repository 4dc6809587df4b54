import { workingTime } from './dates.ts';
import type { DemoContact, DemoPerson, DemoTenant } from './demo-tenant.ts';
import { type MailStyle, mailAddress, mailStyle, type PersonName } from './mailboxes.ts';
import { Registry } from './people.ts';
import { type Area, fictionalPhone } from './phones.ts';
import { derivedId, Random } from './random.ts';
import { type Profile, profiles } from './tenants.ts';
import type { CompanyLine } from './trades.ts';

export type { DemoTenant } from './demo-tenant.ts';

type Status = DemoContact['status'];

const seed = 'businessos-demo-1';

/** How many of each kind, counted from the first, have the same ids in every tenant with `sharesIds`. */
const sharedIds = { person: 0, company: 20, contact: 100 } as const;

const statusWeights = { lead: 26, active: 24, customer: 38, former: 12 } as const;
const unowned = { lead: 0.22, active: 0.04, customer: 0.06, former: 0.4 } as const;
/** Working days since the last touch, and from creation to it: between the bounds, the nearer the likelier. */
const touchedDays = { lead: [0, 180], active: [0, 55], customer: [0, 310], former: [115, 383] } as const;
const knownDays = { lead: [0, 30], active: [2, 170], customer: [18, 650], former: [110, 790] } as const;

/**
 * Makes the demo's three tenants: invented, reserved mail domains and telephone numbers only, nothing after `now`.
 * Pure: the same `now` gives equal data, another `now` gives the same data with other dates.
 *
 * @throws RangeError when `now` is not a valid date.
 */
export function demoTenants(now: Date): DemoTenant[] {
  if (Number.isNaN(now.getTime())) throw new RangeError('now must be a valid date');
  return profiles.map((profile) => new TenantDraft(profile, now).finish());
}

type Draft = Omit<DemoContact, 'id' | 'companyId'> & { company: number | null };

class TenantDraft {
  readonly #profile: Profile;
  readonly #now: Date;
  readonly #random: Random;
  readonly #registry: Registry;
  readonly #people: DemoPerson[];
  readonly #mails = new Set<string>();
  readonly #phones = new Set<string>();

  constructor(profile: Profile, now: Date) {
    this.#profile = profile;
    this.#now = now;
    this.#random = new Random(`${seed} ${profile.slug}`);
    this.#people = profile.people.map((person, index) => ({ id: this.#id('person', index), ...person }));
    this.#registry = new Registry(
      this.#random,
      this.#people.map((person) => person.name),
    );
  }

  finish(): DemoTenant {
    const { slug, name, plan, locale, timeZone, companies } = this.#profile;
    const staff = companies.flatMap((line, index) => this.#staff(line, index));
    // Shuffled, so that the leading contacts, whose ids are shared, come from companies of every kind.
    const drafts = this.#random.shuffled([...staff, ...this.#privateCustomers()]);
    return {
      id: derivedId(seed, slug, 'tenant', 0),
      slug,
      name,
      region: 'eu',
      plan,
      config: { providers: [], locale, time_zone: timeZone, factor_required: false },
      people: this.#people,
      companies: companies.map((line, index) => ({
        id: this.#id('company', index),
        name: line[0],
        domain: line[1] === null ? null : `${line[1]}.example`,
        createdAt: this.#companySince(drafts.filter((draft) => draft.company === index)),
      })),
      contacts: drafts.map(({ company, ...draft }, index) => ({
        id: this.#id('contact', index),
        companyId: company === null ? null : this.#id('company', company),
        ...draft,
      })),
    };
  }

  #id(kind: keyof typeof sharedIds, index: number): string {
    const shared = this.#profile.sharesIds && index < sharedIds[kind];
    return derivedId(seed, shared ? '' : this.#profile.slug, kind, index);
  }

  #staff([, domain, area, count, owners]: CompanyLine, company: number): Draft[] {
    const usual = this.#random.weighted<Status>(statusWeights);
    const keeper = this.#random.pick(this.#people).id;
    const style = domain === null ? 'given.family' : mailStyle(this.#random, count);
    return Array.from({ length: count }, (_, index) => {
      const name = owners && index < 2 ? this.#registry.relative(owners) : this.#registry.someoneIn(area);
      const status = this.#random.chance(0.65) ? usual : this.#random.weighted<Status>(statusWeights);
      return {
        company,
        ...this.#contact(name, area, status, keeper, domain === null ? null : `${domain}.example`, style),
      };
    });
  }

  #privateCustomers(): Draft[] {
    const { count, areas } = this.#profile.privately;
    return Array.from({ length: count }, () => {
      const area = this.#random.pick(areas);
      const status = this.#random.weighted<Status>(statusWeights);
      const keeper = this.#random.pick(this.#people).id;
      return {
        company: null,
        ...this.#contact(this.#registry.someoneIn(area), area, status, keeper, null, 'given.family'),
      };
    });
  }

  #contact(name: PersonName, area: Area, status: Status, keeper: string, domain: string | null, style: MailStyle) {
    const random = this.#random;
    const phone = random.chance(0.8) ? fictionalPhone(random, area, this.#phones) : null;
    const home = random.pick(this.#profile.privately.mailDomains);
    const mailed = random.chance(0.93) || phone === null;
    const other = random.pick(this.#people).id;
    const owner = random.chance(unowned[status]) ? null : random.chance(0.8) ? keeper : other;
    const touchedAt = workingTime(random, this.#now, near(random, touchedDays[status]));
    return {
      name: name.full,
      email: mailed ? mailAddress(name, domain ?? home, style, this.#mails) : null,
      phone,
      status,
      owner,
      touchedAt,
      createdAt: workingTime(random, touchedAt, near(random, knownDays[status])),
    };
  }

  /** A company is entered shortly before its first contact. */
  #companySince(contacts: readonly Draft[]): Date {
    const first = Math.min(...contacts.map((contact) => contact.createdAt.getTime()));
    return Number.isFinite(first)
      ? workingTime(this.#random, new Date(first), this.#random.below(10))
      : workingTime(this.#random, this.#now, 20 + this.#random.below(200));
  }
}

function near(random: Random, [least, most]: readonly [number, number]): number {
  return least + (most - least) * random.next() ** 1.7;
}
