import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { onboardTenant, startTestServer } from '../harness.ts';
import { type Edit, loadChanged } from './changed.ts';
import { type Counts, happenings, run } from './sequences.ts';
import { type Deciders, openStacks, product } from './stacks.ts';

const RUNS = 150;
const seed = Number(process.env['BOS_SEED'] ?? Date.now() % 2 ** 31);
const server = await startTestServer();
const tenant = await onboardTenant(server);
const clock = { ms: 0 };
const stacks = openStacks(server, 3, clock);

test(`whatever happens in whatever order at three processes, no answer allows what ended more than 5 s ago (seed ${seed})`, async (t) => {
  const counts: Counts = { allowed: 0, refused: 0, unknown: 0 };
  const property = fc.asyncProperty(happenings, (story) => run(server, tenant, stacks, clock, story, counts));
  await fc.assert(property, { numRuns: RUNS, seed });
  t.diagnostic(`seed ${seed}: ${JSON.stringify(counts)}`);
  assert.ok(
    Object.values(counts).every((count) => count > RUNS),
    JSON.stringify(counts),
  );
});

for (const [what, edit] of Object.entries<Edit>({
  'allows what it cannot know': ["if (!this.#parts.feed.fresh) throw new Refusal('REVOCATION_UNKNOWN');", ''],
  'holds no token against the feed': ['return gone ? undefined : credential;', 'return credential;'],
})) {
  test(`such lives show a process that ${what}`, async () => {
    const changed = await loadChanged<Partial<Deciders>>('identity/authenticate.ts', [edit]);
    const weak = openStacks(server, 3, clock, { ...product, ...changed });
    const counts: Counts = { allowed: 0, refused: 0, unknown: 0 };
    const property = fc.asyncProperty(happenings, (story) => run(server, tenant, weak, clock, story, counts));
    const { failed, errorInstance } = await fc.check(property, { numRuns: RUNS, seed, endOnFailure: true });
    assert.ok(failed && errorInstance instanceof assert.AssertionError);
  });
}
