import { renderSVG } from 'uqr';
import { choosePage } from '../../src/pages/choose.ts';
import { emailConfirmPage } from '../../src/pages/email-confirm.ts';
import { factorPage } from '../../src/pages/factor.ts';
import { factorRemovalPage, factorSetupPage, recoveryCodesPage } from '../../src/pages/factor-setup.ts';
import { invitationPage } from '../../src/pages/invitation.ts';
import { mailText } from '../../src/pages/mail-texts.ts';
import { mailedPage } from '../../src/pages/mailed.ts';
import { mePage } from '../../src/pages/me.ts';
import { donePage, linkEndedPage, momentPage, problemPage, suspendedPage } from '../../src/pages/notices.ts';
import { outboxPage } from '../../src/pages/outbox.ts';
import { resetPage, resetRequestPage } from '../../src/pages/reset.ts';
import { signedOutPage, signInPage } from '../../src/pages/sign-in.ts';
import { signUpConfirmPage, signUpPage } from '../../src/pages/sign-up.ts';
import { basePage, type DemoBusiness, startPage } from '../../src/pages/start-page.ts';
import { tenantPage } from '../../src/pages/tenant-page.ts';
import { type Sample, sample } from './sample.ts';

const id = 'id.bos.localhost:8080';
const at = (slug: string) => `${slug}.bos.localhost:8080`;
const csrf = 'mPq0hzV3c1kq2Jm9pVtZ5w';
const nordwind = { slug: 'nordwind', name: 'Nordwind Energie' };
const orchard = { slug: 'orchard', name: 'Orchard & Vine' };
const kestrel = { slug: 'kestrel', name: 'Kestrel Audio' };
const long = {
  slug: 'muehlenbach-genossenschaft-fuer-solar',
  name: 'Mühlenbächer Überlandgenossenschaft für Solarstrom & Wärmerückgewinnung Łódź',
};
const longEmail = 'wilhelmine.grossmann-przybyszewska@einkauf.muehlenbach-genossenschaft.example';
const token = 'Zk3vX0bqN7m2cT9yQw5LrA8sUeHdJfGiKoPpVtBnMx1';
const place = { address: id, csrf };
const signIn = { resetHref: '/reset', signUpHref: '/signup' };
const taken = { field: 'slug', problem: 'is taken', fix: 'choose another' };
const refusedPassword = {
  field: 'password',
  problem: 'is too short',
  fix: 'write 12 to 200 characters',
};
const wrongPassword = {
  field: 'password',
  problem: 'is not the one you have here',
  fix: 'try again, or have a link sent',
};
const wrongPair = {
  field: '',
  problem: 'E-mail and password do not fit together',
  fix: 'check both, or have a new password sent',
};
const regions = [
  { value: 'eu', name: 'European Union' },
  { value: 'us', name: 'United States' },
];

const demo: readonly DemoBusiness[] = [
  {
    ...nordwind,
    plan: 'pro',
    people: [
      ['Theo Brandt', 'theo.brandt'],
      ['Mara Lind', 'mara.lind'],
    ],
  },
  {
    ...orchard,
    plan: 'free',
    people: [
      ["Niamh O'Donovan", 'niamh.odonovan'],
      ['João Azevedo', 'joao.azevedo'],
    ],
  },
  {
    ...kestrel,
    plan: 'enterprise',
    people: [
      ['Imogen Ashdown', 'imogen.ashdown'],
      ['Łukasz Majewski', 'lukasz.majewski'],
    ],
  },
].map(({ people, ...business }) => ({
  ...business,
  plan: business.plan as DemoBusiness['plan'],
  href: `http://${at(business.slug)}/`,
  address: at(business.slug),
  people: people.map(([name = '', mailbox = ''], position) => ({
    name,
    email: `${mailbox}@${business.slug}.example`,
    role: position === 0 ? 'owner' : 'member',
  })),
  curl: `curl -H "Authorization: Bearer $(./bos token --tenant ${business.slug})" \\\n  "http://${at(business.slug)}/v1/contacts?limit=3&sort=name"`,
}));

const start = {
  address: 'localhost:8080',
  businesses: demo,
  password: 'solar-orchard-kestrel',
  signUp: { href: `http://${id}/signup`, text: 'Create a business' },
  outbox: { href: `http://${id}/outbox`, text: 'Outbox' },
  docs: { href: 'http://localhost:8080/docs', text: 'API description' },
  openapi: { href: 'http://localhost:8080/openapi.json', text: 'openapi.json' },
  dataDir: '/home/mara/businessos/data',
  resetCommand: 'rm -rf /home/mara/businessos/data',
  postgresPort: 54321,
};

const signUp = {
  ...place,
  action: '/signup',
  suffix: '.bos.localhost:8080',
  regions: regions.slice(0, 1),
  signInHref: '/signin',
};
const signUpConfirm = {
  ...place,
  action: `/signup/${token}`,
  business: { ...orchard, address: at('orchard'), region: 'European Union', plan: 'free' as const },
  email: 'niamh.odonovan@orchard.example',
};
const invitation = {
  ...place,
  action: `/invitation/${token}`,
  business: nordwind,
  role: 'member' as const,
  inviter: 'Theo Brandt',
  email: 'joao.azevedo@orchard.example',
};

const logins = [
  {
    device: 'Firefox on Linux',
    address: '203.0.113.24',
    since: '2026-03-12T08:05:00Z',
    lastSeen: '2026-03-12T14:31:00Z',
  },
  {
    device: 'Safari on iPhone',
    address: '2001:db8:85a3::8a2e:370:7334',
    since: '2026-02-27T19:40:00Z',
    lastSeen: '2026-03-11T21:02:00Z',
  },
  { device: 'curl/8.11.0', address: '198.51.100.7', since: '2026-03-01T06:00:00Z', lastSeen: '2026-03-12T06:00:00Z' },
].map((login, position) => ({
  ...login,
  id: `login-${position}`,
  kind: login.device.startsWith('curl') ? ('token' as const) : ('browser' as const),
  current: position === 0,
}));

const me = {
  address: id,
  email: 'mara.lind@nordwind.example',
  factor: { since: '2026-01-08T10:12:00Z', codesLeft: 8 },
  logins,
  csrf,
  actions: {
    email: '/me/email',
    password: '/me/password',
    endLogin: '/me/logins/end',
    signOutEverywhere: '/me/signout-everywhere',
  },
  factorSetupHref: '/factor/setup',
  factorRemovalHref: '/factor/remove',
  chooseHref: '/choose',
};

const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const setup = {
  ...place,
  action: '/factor/setup',
  secret,
  qrSvg: renderSVG(`otpauth://totp/BusinessOS:mara.lind@nordwind.example?secret=${secret}&issuer=BusinessOS`),
  cancelHref: '/me',
};

const ends = '2026-03-13T14:05:00Z';
const mails = (
  [
    [
      'invitation',
      'signup-invitee@orchard.example',
      { business: nordwind.name, inviter: 'Theo Brandt', role: 'member' },
    ],
    ['reset', longEmail, {}],
    ['email_changed', 'mara.lind@nordwind.example', {}],
    ['signup', 'niamh.odonovan@orchard.example', { business: orchard.name }],
  ] as const
).map(([kind, to, facts], position) => {
  const href = kind === 'email_changed' ? undefined : `http://${id}/${kind}/${token}`;
  const mail = mailText(kind, { email: to, ends, ...(href !== undefined && { link: href }), ...facts });
  return { kind, to, at: `2026-03-12T14:0${5 - position}:00Z`, ...mail, href };
});

const choose = {
  address: id,
  email: 'mara.lind@nordwind.example',
  meHref: '/me',
  signUpHref: '/signup',
  signOut: { action: '/signout', csrf },
};

/** Every page in its states, in the order in which somebody meets them. */
export const samples: readonly Sample[] = [
  sample('start', startPage, start),
  sample('start-empty', startPage, { ...start, businesses: [], postgresPort: undefined, outbox: undefined }),
  sample('base', basePage, {
    address: 'bos.example',
    pattern: '{slug}.bos.example',
    signInHref: 'https://id.bos.example/signin',
    signUpHref: 'https://id.bos.example/signup',
  }),
  sample('sign-up', signUpPage, signUp),
  sample('sign-up-refused', signUpPage, {
    ...signUp,
    regions,
    suffix: '.geschaeft.unternehmensverwaltung.example',
    typed: { name: long.name, slug: 'nordwind', region: 'us', plan: 'pro', email: 'niamh@orchard' },
    problems: [taken, { field: 'email', problem: 'is not an e-mail address', fix: 'write it like name@example.com' }],
  }),
  sample('sign-up-mailed', mailedPage, {
    address: id,
    about: 'signup',
    email: 'niamh.odonovan@orchard.example',
    againHref: '/signup',
    outboxHref: '/outbox',
  }),
  sample('sign-up-confirm', signUpConfirmPage, { ...signUpConfirm, known: false }),
  sample('sign-up-confirm-refused', signUpConfirmPage, {
    ...signUpConfirm,
    business: { ...signUpConfirm.business, ...long, address: at(long.slug) },
    email: longEmail,
    known: false,
    typed: { name: 'Wilhelmine Großmann-Przybyszewska' },
    problems: [
      { field: 'password', problem: 'is on a list of common passwords', fix: 'choose one that nobody else would' },
    ],
  }),
  sample('sign-up-confirm-known', signUpConfirmPage, { ...signUpConfirm, known: true }),
  sample('sign-in', signInPage, { ...place, ...signIn, action: '/signin' }),
  sample('sign-in-business', signInPage, { ...place, ...signIn, action: '/signin?to=nordwind', business: nordwind }),
  sample('sign-in-refused', signInPage, {
    ...place,
    ...signIn,
    action: '/signin',
    business: long,
    typed: { email: longEmail },
    problems: [wrongPair],
  }),
  sample('sign-in-again', signInPage, {
    ...place,
    ...signIn,
    action: '/signin',
    again: true,
    typed: { email: 'mara.lind@nordwind.example' },
  }),
  sample('factor', factorPage, { ...place, action: '/factor', business: nordwind, signInHref: '/signin' }),
  sample('factor-refused', factorPage, {
    ...place,
    action: '/factor',
    signInHref: '/signin',
    problems: [
      { field: 'code', problem: 'is not the one of this moment', fix: 'wait for the next one; each works once' },
    ],
  }),
  sample('factor-recovery-refused', factorPage, {
    ...place,
    action: '/factor',
    signInHref: '/signin',
    problems: [{ field: 'recovery_code', problem: 'is not one of yours, or was used', fix: 'use another one' }],
  }),
  sample('factor-setup', factorSetupPage, setup),
  sample('factor-setup-demanded', factorSetupPage, {
    ...setup,
    demandedBy: long.name,
    cancelHref: undefined,
    problems: [{ field: 'code', problem: 'is not the one of this moment', fix: 'look at the clock of your phone' }],
  }),
  sample('recovery-codes', recoveryCodesPage, {
    ...place,
    action: '/factor/kept',
    codes: Array.from({ length: 10 }, (_, position) => `k7q${position}-m2xv-9d4f-wz8h`),
  }),
  sample('factor-removal', factorRemovalPage, {
    ...place,
    action: '/factor/remove',
    email: me.email,
    cancelHref: '/me',
  }),
  sample('reset-request', resetRequestPage, { ...place, action: '/reset', signInHref: '/signin' }),
  sample('reset-mailed', mailedPage, { address: id, about: 'reset', email: longEmail, againHref: '/reset' }),
  sample('reset', resetPage, { ...place, action: `/reset/${token}`, email: me.email }),
  sample('reset-refused', resetPage, {
    ...place,
    action: `/reset/${token}`,
    email: longEmail,
    problems: [refusedPassword],
  }),
  sample('reset-done', donePage, {
    address: id,
    title: 'Your password is changed',
    text: 'All your sign-ins have ended. Sign in with the new one.',
    next: { href: '/signin', text: 'Sign in' },
  }),
  sample('invitation', invitationPage, { ...invitation, known: false }),
  sample('invitation-known-refused', invitationPage, {
    ...invitation,
    business: long,
    role: 'viewer',
    email: longEmail,
    known: true,
    problems: [wrongPassword],
  }),
  sample('choose', choosePage, {
    ...choose,
    businesses: [nordwind, orchard, long, { ...kestrel, suspended: true }].map((business) => ({
      ...business,
      href: `http://${at(business.slug)}/signin`,
      address: at(business.slug),
    })),
  }),
  sample('choose-none', choosePage, { ...choose, businesses: [], outside: long }),
  sample('me', mePage, me),
  sample('me-refused', mePage, {
    ...me,
    email: longEmail,
    pendingEmail: 'wilhelmine@muehlenbach.example',
    factor: undefined,
    refused: {
      form: 'email',
      problems: [
        { field: 'email', problem: 'is not an e-mail address', fix: 'write it like name@example.com' },
        wrongPassword,
      ],
    },
    typed: { email: 'wilhelmine@' },
  }),
  sample('me-done', mePage, {
    ...me,
    done: 'Your password is changed.',
    factor: { since: '2026-01-08T10:12:00Z', codesLeft: 1 },
  }),
  sample('email-confirm', emailConfirmPage, {
    ...place,
    action: `/email/${token}`,
    from: longEmail,
    to: 'wilhelmine@muehlenbach.example',
  }),
  sample('outbox', outboxPage, { address: id, mails, start: { href: 'http://localhost:8080/', text: 'Start page' } }),
  sample('outbox-empty', outboxPage, {
    address: id,
    mails: [],
    start: { href: 'http://localhost:8080/', text: 'Start page' },
  }),
  sample('tenant', tenantPage, { address: at('nordwind'), business: nordwind, signInHref: '/signin' }),
  sample('tenant-ended', tenantPage, { address: at(long.slug), business: long, signInHref: '/signin', ended: true }),
  sample('tenant-signed-in', tenantPage, {
    address: at('nordwind'),
    business: nordwind,
    signInHref: '/signin',
    signedIn: {
      name: 'Mara Lind',
      email: 'mara.lind@nordwind.example',
      role: 'member',
      signOut: { action: '/signout', csrf },
      chooseHref: `http://${id}/choose`,
      meHref: `http://${id}/me`,
      curl: demo[0]?.curl ?? '',
      docs: { href: '/docs', text: 'API description' },
    },
  }),
  sample('signed-out', signedOutPage, { address: at('nordwind'), business: nordwind, signInHref: '/signin' }),
  sample('signed-out-elsewhere', signedOutPage, {
    address: at('nordwind'),
    business: nordwind,
    signInHref: '/signin',
    elsewhereHref: `http://${id}/choose`,
  }),
  sample('signed-out-everywhere', signedOutPage, { address: id, signInHref: '/signin', everywhere: true }),
  sample('moment', momentPage, { address: id, business: long, href: `http://${at(long.slug)}/session?code=${token}` }),
  sample('suspended', suspendedPage, { address: at('kestrel'), business: kestrel, chooseHref: `http://${id}/choose` }),
  sample('link-ended', linkEndedPage, { address: id, about: 'reset', againHref: '/reset', signInHref: '/signin' }),
  sample('link-ended-invitation', linkEndedPage, { address: id, about: 'invitation', signInHref: '/signin' }),
  sample('problem', problemPage, {
    address: id,
    status: 503,
    title: 'Too much is going on at this moment',
    advice: 'Wait a few seconds and try again.',
    requestId: '0198c5b2-6c0e-7c1f-a3d4-5e6f7a8b9c0d',
    next: { href: '/signin', text: 'Try again' },
  }),
  sample('problem-not-found', problemPage, {
    address: at('nordwind'),
    business: nordwind,
    status: 404,
    title: 'There is nothing here',
    advice: 'Check the address.',
    requestId: '0198c5b2-6c0e-7c1f-a3d4-5e6f7a8b9c0d',
  }),
];
