import type { DemoPerson, DemoTenant } from './demo-tenant.ts';
import type { Area } from './phones.ts';
import { audioCompanies, type CompanyLine, foodCompanies, solarCompanies } from './trades.ts';

/** What is fixed about a demo tenant; the rest is drawn. */
export interface Profile {
  readonly slug: string;
  readonly name: string;
  readonly plan: DemoTenant['plan'];
  readonly locale: string;
  readonly timeZone: string;
  /** Its leading companies and contacts have the same ids as those of the other tenants that say so. */
  readonly sharesIds: boolean;
  readonly people: readonly Omit<DemoPerson, 'id'>[];
  readonly companies: readonly CompanyLine[];
  /** Contacts without a company: how many, where they live, where they have their mail. */
  readonly privately: {
    readonly count: number;
    readonly areas: readonly Area[];
    readonly mailDomains: readonly string[];
  };
}

/** The demo's tenants, in the order in which they are seeded. */
export const profiles: readonly Profile[] = [
  {
    slug: 'nordwind',
    name: 'Nordwind Energie',
    plan: 'pro',
    locale: 'de-DE',
    timeZone: 'Europe/Berlin',
    sharesIds: true,
    people: [
      { name: 'Theo Brandt', email: 'theo.brandt@nordwind.example', role: 'owner' },
      { name: 'Mara Lind', email: 'mara.lind@nordwind.example', role: 'member' },
    ],
    companies: solarCompanies,
    privately: {
      count: 22,
      areas: ['de-home'],
      mailDomains: ['briefkasten.example', 'postfach.example', 'posteingang.example'],
    },
  },
  {
    slug: 'orchard',
    name: 'Orchard & Vine',
    plan: 'free',
    locale: 'en-IE',
    timeZone: 'Europe/Dublin',
    sharesIds: true,
    people: [
      { name: "Niamh O'Donovan", email: 'niamh.odonovan@orchard.example', role: 'owner' },
      { name: 'João Azevedo', email: 'joao.azevedo@orchard.example', role: 'member' },
    ],
    companies: foodCompanies,
    privately: { count: 48, areas: ['ie'], mailDomains: ['letterbox.example', 'homemail.example', 'doormat.example'] },
  },
  {
    slug: 'kestrel',
    name: 'Kestrel Audio',
    plan: 'enterprise',
    locale: 'en-GB',
    timeZone: 'Europe/London',
    sharesIds: false,
    people: [
      { name: 'Imogen Ashdown', email: 'imogen.ashdown@kestrel.example', role: 'owner' },
      { name: 'Łukasz Majewski', email: 'lukasz.majewski@kestrel.example', role: 'member' },
    ],
    companies: audioCompanies,
    privately: {
      count: 30,
      areas: ['gb-home', 'gb-home', 'gb-home', 'de-home', 'us-chicago', 'fr-paris'],
      mailDomains: ['inbox.example', 'letterbox.example', 'homemail.example'],
    },
  },
];
