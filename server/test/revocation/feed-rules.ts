import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Feed, FeedRead, FeedSource } from '../../src/identity/feed.ts';

export type FeedModule = Pick<typeof import('../../src/identity/feed.ts'), 'Feed' | 'MEMORY_S'>;

/** The feed of a database in memory, whose answers can be held back and which can be gone. */
class Primary implements FeedSource {
  rev = 0;
  gen: string = randomUUID();
  events: { seq: number; subject: string }[] = [];
  looks = 0;
  /** How often somebody made another generation. */
  swaps = 0;
  gone = false;
  #held: (() => void)[] | undefined;

  revoke(...subjects: string[]): void {
    for (const subject of subjects) this.events.push({ seq: ++this.rev, subject });
  }

  /** Keeps answers to itself that were read from now on, until `release`. */
  hold(): void {
    this.#held = [];
  }

  release(): void {
    for (const answer of this.#held ?? []) answer();
    this.#held = undefined;
  }

  async read(after: number): Promise<FeedRead> {
    this.looks++;
    if (this.gone) throw new Error('the database is gone');
    const { rev, gen } = this;
    const events = this.events.filter(({ seq }) => seq > after);
    const held = this.#held;
    if (held) await new Promise<void>((resolve) => held.push(resolve));
    return { rev, gen, events };
  }

  async newGeneration(known: string): Promise<void> {
    if (known !== this.gen) return;
    this.gen = randomUUID();
    this.swaps++;
  }
}

interface Stage {
  primary: Primary;
  feed: Feed;
  clock: { ms: number };
  told: (string | undefined)[];
}

function openStage({ Feed: Made }: FeedModule, primary = new Primary()): Stage {
  const clock = { ms: 0 };
  const feed = new Made(primary, () => clock.ms);
  const told: (string | undefined)[] = [];
  feed.onEvent((subject) => void told.push(subject));
  return { primary, feed, clock, told };
}

/** What must hold of the feed, by a sentence each; a rule throws where it does not. */
export const feedRules = {
  'nothing is allowed before the first look, nor after one that failed': async (module) => {
    const { primary, feed } = openStage(module);
    const position = { rev: 0, gen: primary.gen };
    assert.equal(feed.fresh, false);
    assert.equal(feed.isStale(position, []), true);
    primary.gone = true;
    await assert.rejects(feed.poll(), /gone/);
    await assert.rejects(feed.isGone(position, []), /gone/, 'unknown is not ended');
    assert.equal(feed.fresh, false);
    await assert.rejects(
      feed.start(() => {}),
      /gone/,
    );
    primary.gone = false;
    await feed.poll();
    assert.equal(feed.fresh, true);
    assert.equal(feed.isStale(position, []), false);
  },

  'what is known is good for four seconds from when the look was sent, however late its answer came': async (
    module,
  ) => {
    const { primary, feed, clock } = openStage(module);
    primary.hold();
    const look = feed.poll();
    clock.ms = 3_000;
    primary.release();
    await look;
    assert.equal(feed.fresh, true);
    clock.ms = 4_000;
    assert.equal(feed.fresh, true);
    clock.ms = 4_001;
    assert.equal(feed.fresh, false);
  },

  'freshness is judged at the request, so a process that slept does not wake up trusting': async (module) => {
    const { feed, clock } = openStage(module);
    await feed.poll();
    clock.ms += 6_000; // nothing ran meanwhile, no timer either
    assert.equal(feed.fresh, false);
    await feed.poll();
    assert.equal(feed.fresh, true);
  },

  'time is that of a monotonic clock: one that is set back or ahead changes nothing': async ({ Feed: Made }) => {
    let [monotonic, wall] = [10_000, 1_000_000];
    const mocks = [mock.method(performance, 'now', () => monotonic), mock.method(Date, 'now', () => wall)];
    try {
      const feed = new Made(new Primary());
      await feed.poll();
      wall += 3_600_000;
      assert.equal(feed.fresh, true);
      wall -= 7_200_000;
      assert.equal(feed.fresh, true);
      monotonic += 4_001;
      assert.equal(feed.fresh, false);
    } finally {
      for (const one of mocks) one.mock.restore();
    }
  },

  'an event ends what was read before it, by any of the subjects, and nothing that was read after it': async (
    module,
  ) => {
    const { primary, feed } = openStage(module);
    primary.revoke('p:1', 'm:1:1', 'p:1', 'p:2');
    await feed.poll();
    const { gen } = primary;
    const stale = (rev: number, ...subjects: string[]) => feed.isStale({ rev, gen }, subjects);
    assert.deepEqual([stale(2, 'p:1'), stale(3, 'p:1'), stale(4, 'p:1')], [true, false, false]);
    assert.deepEqual([stale(1, 'l:9', 'm:1:1'), stale(2, 'l:9', 'm:1:1')], [true, false]);
    assert.deepEqual([stale(0), stale(0, 'p:3'), stale(0, 'm:1')], [false, false, false]);
    assert.equal(stale(5, 'p:3'), true, 'a position that nobody can have read yet');
  },

  'a position ahead of what is known makes a look, and all who wait share one': async (module) => {
    const { primary, feed } = openStage(module);
    await feed.poll();
    primary.revoke('p:1', 'p:2');
    const { rev, gen, looks } = primary;
    const ask = (subject: string) => feed.isGone({ rev, gen }, [subject]);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => ask(`p:${n}`)));
    assert.deepEqual(answers.filter(Boolean), []);
    // the first one's, and one for all who came while that was under way
    assert.ok(primary.looks - looks <= 2, `${primary.looks - looks} looks for 50 that wait`);
    assert.equal(await feed.isGone({ rev: rev - 1, gen }, ['p:2']), true);
    const before = primary.looks;
    feed.seen({ rev, gen });
    assert.equal(primary.looks, before, 'a position that is known needs no look');
    assert.equal(await feed.isGone({ rev: rev + 1, gen }, []), true, 'nor does a look make a forged position good');
  },

  'a look that is under way does not answer whoever came after it was sent': async (module) => {
    const { primary, feed } = openStage(module);
    await feed.poll();
    const old = { ...feed.head };
    primary.hold();
    const early = feed.poll();
    primary.revoke('p:1');
    const late = feed.poll();
    const ahead = feed.isGone({ rev: 1, gen: primary.gen }, ['p:1']);
    primary.release();
    await early;
    assert.equal(feed.head.rev, 0, 'the first look saw nothing yet');
    await late;
    assert.equal(feed.isStale(old, ['p:1']), true);
    assert.equal(await ahead, false);
    assert.equal(primary.looks, 3);
  },

  'another generation drops everything that is remembered, tells who listens, and is learnt from its start': async (
    module,
  ) => {
    const { primary, feed, told } = openStage(module);
    primary.revoke('p:1', 'p:2', 'p:3');
    await feed.poll();
    const old = { ...feed.head };
    assert.deepEqual(told, [undefined, 'p:1', 'p:2', 'p:3']);
    told.length = 0;
    primary.gen = randomUUID();
    primary.events = [{ seq: 2, subject: 'p:4' }];
    primary.rev = 4;
    await feed.poll();
    assert.equal(feed.isStale(old, []), true);
    assert.equal(feed.isStale({ rev: 4, gen: old.gen }, []), true);
    assert.deepEqual(told, [undefined, 'p:4']);
    const { gen } = primary;
    assert.equal(feed.isStale({ rev: 1, gen }, ['p:4']), true, 'an event below the number that was seen before');
    assert.equal(feed.isStale({ rev: 1, gen }, ['p:3']), false, 'an event of the other generation');
  },

  'a head lower than seen is a database restored: one process changes the generation, all drop what they know': async (
    module,
  ) => {
    const primary = new Primary();
    const stages = [0, 1, 2].map(() => openStage(module, primary));
    primary.revoke('p:1', 'p:2', 'p:3');
    await Promise.all(stages.map(({ feed }) => feed.poll()));
    const old = { rev: 3, gen: primary.gen };
    for (const { feed } of stages) assert.equal(feed.isStale(old, []), false);
    primary.rev = 1;
    primary.events.length = 1;
    await Promise.all(stages.map(({ feed }) => feed.poll()));
    await Promise.all(stages.map(({ feed }) => feed.poll()));
    assert.equal(primary.swaps, 1);
    assert.notEqual(primary.gen, old.gen);
    for (const { feed, told } of stages) {
      for (let rev = 0; rev <= 3; rev++) assert.equal(feed.isStale({ rev, gen: old.gen }, []), true);
      assert.deepEqual(feed.head, { rev: 1, gen: primary.gen });
      assert.equal(feed.isStale(feed.head, ['p:1']), false);
      assert.ok(told.lastIndexOf(undefined) > 0, 'who listens was told');
    }
  },

  'a look that fails leaves what is known, and freshness runs out': async (module) => {
    const { primary, feed, clock } = openStage(module);
    primary.revoke('p:1');
    await feed.poll();
    const { head } = feed;
    primary.gone = true;
    clock.ms = 2_000;
    await assert.rejects(feed.poll());
    assert.deepEqual(feed.head, head);
    assert.equal(feed.isStale({ rev: 0, gen: head.gen }, ['p:1']), true);
    assert.equal(feed.isStale(head, ['p:1']), false);
    assert.equal(feed.fresh, true);
    clock.ms = 4_001;
    await assert.rejects(feed.poll());
    assert.equal(feed.fresh, false);
    primary.gone = false;
    await feed.poll();
    assert.equal(feed.fresh, true);
  },

  'whoever waits for the next look gets it, also when the present one fails': async (module) => {
    const { primary, feed } = openStage(module);
    await feed.poll();
    primary.gone = true;
    const failing = feed.poll();
    primary.gone = false;
    primary.revoke('p:1');
    const next = feed.poll();
    await assert.rejects(failing);
    await next;
    assert.equal(feed.head.rev, 1);
  },

  'what is forgotten makes everything older stale': async (module) => {
    const { primary, feed, clock } = openStage(module);
    primary.revoke('p:1', 'p:2');
    await feed.poll();
    const { gen } = primary;
    clock.ms = 1_000;
    primary.revoke('p:3');
    await feed.poll();
    clock.ms = module.MEMORY_S * 1_000 + 500;
    primary.events = []; // the source tells of the same time only
    await feed.poll();
    assert.equal(feed.isStale({ rev: 1, gen }, ['p:9']), true);
    assert.equal(feed.isStale({ rev: 2, gen }, ['p:9']), false);
    assert.equal(feed.isStale({ rev: 2, gen }, ['p:3']), true);
  },

  'memory is bounded: beyond 200,000 subjects the oldest are forgotten, which makes everything older stale': async (
    module,
  ) => {
    const { primary, feed } = openStage(module);
    primary.revoke(...Array.from({ length: 100_000 }, (_, n) => `l:${n}`));
    await feed.poll();
    primary.revoke(...Array.from({ length: 100_000 }, (_, n) => `k:${n}`));
    await feed.poll();
    const { gen } = primary;
    assert.equal(feed.isStale({ rev: 0, gen }, ['p:9']), false);
    primary.revoke('p:1', 'p:1', 'p:2');
    await feed.poll();
    assert.equal(feed.isStale({ rev: 1, gen }, ['p:9']), true);
    assert.equal(feed.isStale({ rev: 2, gen }, ['p:9']), false);
    assert.equal(feed.isStale({ rev: 2, gen }, ['l:2']), true);
  },

  'an event counts as known only when all who listen have done their part': async (module) => {
    const { primary, feed, clock } = openStage(module);
    await feed.poll();
    let broken = true;
    const done: (string | undefined)[] = [];
    feed.onEvent(async (subject) => {
      await turn();
      if (broken) throw new Error('cannot read the keys');
      done.push(subject);
    });
    primary.revoke('keys');
    clock.ms = 3_000;
    await assert.rejects(feed.poll(), /cannot read/);
    clock.ms = 4_001;
    assert.equal(feed.fresh, false, 'the look does not count');
    broken = false;
    await feed.poll();
    assert.deepEqual(done, ['keys'], 'told again');
    assert.equal(feed.fresh, true);
  },
} satisfies Record<string, (module: FeedModule) => Promise<void>>;

export type FeedRule = keyof typeof feedRules;
