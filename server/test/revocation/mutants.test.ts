import { AssertionError } from 'node:assert';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asTenant, onboardTenant, startOn, startTestServer } from '../harness.ts';
import { loadMutant } from '../mutants.ts';
import { type Edit, loadChanged } from './changed.ts';
import { type CredentialStore, checkRightsAreOfOneStatement, decisionRules } from './decision-rules.ts';
import { type FeedModule, type FeedRule, feedRules } from './feed-rules.ts';
import { checkRemovedWhileSending } from './held-request.ts';
import { type Deciders, product } from './stacks.ts';

const server = await startTestServer();
const tenant = await onboardTenant(server);

/** A defect, and the rule that must fail by it; the rules hold for the product, as their own tests show. */
const feedMutants: [what: string, edit: Edit, caughtBy: FeedRule][] = [
  [
    'fresh from when the answer came',
    ['this.#freshAt = sentAt;', 'this.#freshAt = this.#now();'],
    'what is known is good for four seconds from when the look was sent, however late its answer came',
  ],
  [
    'freshness by the wall clock',
    ['() => performance.now()', '() => Date.now()'],
    'time is that of a monotonic clock: one that is set back or ahead changes nothing',
  ],
  [
    'fresh for ever once it looked',
    ['return this.#now() - this.#freshAt <= FRESH_MS;', 'return this.#freshAt >= 0;'],
    'freshness is judged at the request, so a process that slept does not wake up trusting',
  ],
  [
    'a look counts before it succeeded',
    ['const sentAt = this.#now();', 'const sentAt = this.#now(); this.#freshAt = sentAt;'],
    'a look that fails leaves what is known, and freshness runs out',
  ],
  [
    'the generation of rights not compared',
    ['gen !== this.#head.gen || rev > this.#head.rev', 'rev > this.#head.rev'],
    'another generation drops everything that is remembered, tells who listens, and is learnt from its start',
  ],
  [
    'another generation learnt from the old number on',
    ["} else if (read.gen !== this.#head.gen && this.#head.gen !== '') {", '} else if (false) {'],
    'another generation drops everything that is remembered, tells who listens, and is learnt from its start',
  ],
  [
    'a head that goes back not noticed',
    ['read.gen === this.#head.gen && read.rev < this.#head.rev', 'false'],
    'a head lower than seen is a database restored: one process changes the generation, all drop what they know',
  ],
  [
    'a position ahead believed',
    [' || rev > this.#head.rev ||', ' ||'],
    'an event ends what was read before it, by any of the subjects, and nothing that was read after it',
  ],
  [
    'a look under way shared with whoever comes later',
    ['this.#next ??= this.#polling', 'return this.#polling; this.#next ??= this.#polling'],
    'a look that is under way does not answer whoever came after it was sent',
  ],
  [
    'what is forgotten forgotten altogether',
    ['this.#forgotten = seq;', ''],
    'what is forgotten makes everything older stale',
  ],
  [
    'memory without a bound of number',
    [' && this.#last.size <= REMEMBERED', ''],
    'memory is bounded: beyond 200,000 subjects the oldest are forgotten, which makes everything older stale',
  ],
  [
    'a look counts whatever becomes of the listeners',
    ['await listener(subject);', 'Promise.resolve(listener(subject)).catch(() => {});'],
    'an event counts as known only when all who listen have done their part',
  ],
];

const caught = (error: unknown) => error instanceof AssertionError;

for (const [what, edit, rule] of feedMutants) {
  test(`the defect "${what}" is caught: ${rule}`, async () => {
    const module = await loadChanged<FeedModule>('identity/feed.ts', [edit]);
    await assert.rejects(feedRules[rule](module), caught);
  });
}

const AUTHENTICATE = 'identity/authenticate.ts';
type DeciderMutant = [what: string, file: string, edit: Edit, caughtBy: keyof typeof decisionRules];

/** A credential of which one of its subjects is not looked up. */
function without(what: string, rule: DeciderMutant[3], subjects: Record<string, RegExp>): DeciderMutant[] {
  return Object.entries(subjects).map(([subject, text]) => [
    `a ${what} that outlives its ${subject}`,
    AUTHENTICATE,
    [text, ''],
    rule,
  ]);
}

const deciderMutants: DeciderMutant[] = [
  [
    'what cannot be known is allowed',
    AUTHENTICATE,
    ["if (!this.#parts.feed.fresh) throw new Refusal('REVOCATION_UNKNOWN');", ''],
    'a process that could not look for four seconds allows nothing, whatever is shown',
  ],
  [
    'tokens not held against the feed',
    AUTHENTICATE,
    ['return gone ? undefined : credential;', 'return credential;'],
    'a token ends with the membership, the role, the person’s sign-ins and its own sign-in',
  ],
  ...without('token', 'a token ends with the membership, the role, the person’s sign-ins and its own sign-in', {
    membership: /`m:.{6}:.{6}`, /,
    person: /`p:.{6}`, /,
    'sign-in': /\.\.\.\(isUuid\(lid\) \? .*? : \[\]\)/,
  }),
  ...without(
    'session',
    'what is remembered of a session is read again once the membership, the role or the sign-in changed',
    { membership: /`m:.{12}:.{9}`, /, person: /`p:.{9}`, /, 'sign-in': /`l:.{8}`(?=\])/ },
  ),
  ...without('key', 'what is remembered of a key is read again once it was revoked, or its maker changed', {
    key: /`k:.{9}`, /,
    'maker’s membership': /`m:.{11}:.{17}`/,
  }),
  [
    'sessions and keys remembered by time only',
    AUTHENTICATE,
    ['!feed.isStale(known.credential, known.credential.subjects)', 'true'],
    'what is remembered of a session is read again once the membership, the role or the sign-in changed',
  ],
  [
    'rights that always stand',
    AUTHENTICATE,
    ['stand: () => feed.fresh && !feed.isStale(credential, credential.subjects)', 'stand: () => true'],
    'rights that were resolved stand no longer once they changed, or when that cannot be known',
  ],
  [
    'tenants and missing names remembered by time only',
    'tenants/service.ts',
    [' && !this.#feed.isStale(entry, entry.subjects)', ''],
    'a name that nobody had is found as soon as the feed tells of it, and a suspension is seen',
  ],
];

for (const [what, file, edit, rule] of deciderMutants) {
  test(`the defect "${what}" is caught: ${rule}`, async () => {
    const changed = await loadChanged<Partial<Deciders>>(file, [edit]);
    await assert.rejects(decisionRules[rule](server, tenant, { ...product, ...changed }), caught);
  });
}

const HEAD_LATER = '(await db.query<Head>(sql`select seq as rev, generation as gen from identity.feed_head`)).rows[0]';
const twoStatements: Record<string, Edit> = {
  'a member': [
    'return positioned(rows[0] as { role: Role | null } & Head);',
    `return positioned({ ...(rows[0] as { role: Role | null } & Head), ...${HEAD_LATER} });`,
  ],
  'a session': [
    'and l.expires_at > now() and l.tries is null`,\n  );\n  return rows[0] && positioned(rows[0]);',
    `and l.expires_at > now() and l.tries is null\`,\n  );\n  return rows[0] && positioned({ ...rows[0], ...${HEAD_LATER} });`,
  ],
  'a key': [
    'on m.person_id = k.created_by`,\n  );\n  return rows[0] && positioned(rows[0]);',
    `on m.person_id = k.created_by\`,\n  );\n  return rows[0] && positioned({ ...rows[0], ...${HEAD_LATER} });`,
  ],
};

for (const [whose, edit] of Object.entries(twoStatements)) {
  test(`the defect "rights of ${whose} in one statement, their position in the next" is caught`, async () => {
    const store = await loadChanged<CredentialStore>('identity/credential-store.ts', [edit]);
    await assert.rejects(checkRightsAreOfOneStatement(server, tenant, product, store), caught);
  });
}

test('the defect "rights judged before the body only" is caught', async () => {
  const start = await loadMutant([['server/src/gateway/serve.ts', 'if (!rights.stand()) rights = await admit();', '']]);
  const mutant = await startOn(server.db, { start });
  const there = await asTenant(mutant, tenant, tenant.marker);
  await assert.rejects(checkRemovedWhileSending(mutant, there), caught);
});
