import { setTimeout as sleep } from 'node:timers/promises';

/** Where in the revocation feed rights were read: `rev` is the head's number, `gen` its generation. */
export interface Position {
  rev: number;
  gen: string;
}

/** One look at the feed: its head and what came after a number, in order, all of one snapshot. */
export interface FeedRead extends Position {
  events: readonly { seq: number; subject: string }[];
}

/** The feed as the primary database has it. */
export interface FeedSource {
  /** Reads the head and the events after `seq` of the last `MEMORY_S` seconds, in one statement. */
  read(seq: number): Promise<FeedRead>;
  /** Sets another generation where it is still the known one. */
  newGeneration(known: string): Promise<void>;
}

/** How long an event is remembered: longer than any token lives, with the skew of clocks. */
export const MEMORY_S = 3_900;
const POLL_MS = 1_000;
/** How old the last successful look may be, counted from when it was sent. */
const FRESH_MS = 4_000;
const REMEMBERED = 200_000;

/**
 * Knows what was taken away, at most a few seconds late. Each process polls; rights carry the position in which the
 * one statement that read them stood, and are stale once one of their subjects has a later event. A process that could
 * not look for four seconds does not know, judged at each request by a monotonic clock, so that one that was stopped
 * does not wake up trusting.
 */
export class Feed {
  readonly #source: FeedSource;
  readonly #now: () => number;
  readonly #listeners: ((subject: string | undefined) => void | Promise<void>)[] = [];
  /** Subject → number of its last event and when it was learnt, oldest first. */
  readonly #last = new Map<string, { seq: number; at: number }>();
  #head: Position = { rev: -1, gen: '' };
  #freshAt = Number.NEGATIVE_INFINITY;
  /** Number of the last event that was forgotten: rights that are older are stale, whatever their subjects. */
  #forgotten = 0;
  #polling: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #ended: AbortController | undefined;

  constructor(source: FeedSource, now: () => number = () => performance.now()) {
    this.#source = source;
    this.#now = now;
  }

  /** Looks once, fails if that fails, and from then on every second; tells of each look its error, or undefined. */
  async start(onLook: (error: unknown) => void): Promise<void> {
    await this.poll();
    const ended = new AbortController();
    this.#ended = ended;
    const loop = async () => {
      while (!ended.signal.aborted) {
        await sleep(POLL_MS, undefined, { signal: ended.signal, ref: false }).catch(() => {});
        if (!ended.signal.aborted) await this.poll().then(() => onLook(undefined), onLook);
      }
    };
    void loop();
  }

  stop(): void {
    this.#ended?.abort();
  }

  /** The newest position that this process has seen. */
  get head(): Position {
    return this.#head;
  }

  /** False when this process cannot know what was taken away: then nothing may be allowed. */
  get fresh(): boolean {
    return this.#now() - this.#freshAt <= FRESH_MS;
  }

  /** Tells whether rights that were read at a position are gone, or may be, by any of their subjects. */
  isStale({ rev, gen }: Position, subjects: readonly string[]): boolean {
    if (gen !== this.#head.gen || rev > this.#head.rev || rev < this.#forgotten) return true;
    return subjects.some((subject) => (this.#last.get(subject)?.seq ?? 0) > rev);
  }

  /** Like `isStale`, after one more look when the position is ahead of what this process has seen. @throws its error. */
  async isGone(position: Position, subjects: readonly string[]): Promise<boolean> {
    if (position.gen !== this.#head.gen || position.rev > this.#head.rev) await this.poll();
    return this.isStale(position, subjects);
  }

  /** Looks after a change of this process's own; where that fails the change is done all the same, and time tells. */
  async learn(): Promise<void> {
    await this.poll().catch(() => {});
  }

  /** Looks in the background when a position is ahead of what this process has seen. */
  seen({ rev }: Position): void {
    if (rev > this.#head.rev) this.poll().catch(() => {});
  }

  /**
   * Calls back with each subject as it is learnt, and with undefined when everything remembered must go. A look counts
   * once all listeners are done; where one fails it does not, and they are told again at the next.
   */
  onEvent(listener: (subject: string | undefined) => void | Promise<void>): void {
    this.#listeners.push(listener);
  }

  /** Looks now. A look that is under way may have been answered before, so all who come meanwhile share the next one. */
  poll(): Promise<void> {
    if (this.#polling === undefined) {
      this.#polling = this.#look().finally(() => {
        this.#polling = undefined;
      });
      return this.#polling;
    }
    this.#next ??= this.#polling
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.poll();
      });
    return this.#next;
  }

  async #look(): Promise<void> {
    const sentAt = this.#now();
    let read = await this.#source.read(Math.max(0, this.#head.rev));
    if (read.gen === this.#head.gen && read.rev < this.#head.rev) {
      // the database was restored to an earlier state: what it has forgotten nobody can tell
      await this.#source.newGeneration(read.gen);
      read = await this.#source.read(0);
    } else if (read.gen !== this.#head.gen && this.#head.gen !== '') {
      read = await this.#source.read(0);
    }
    const another = read.gen !== this.#head.gen;
    if (another) await this.#tell(undefined);
    for (const { subject } of read.events) await this.#tell(subject);
    if (another) {
      this.#last.clear();
      this.#forgotten = 0;
    }
    // numbers have no gaps: an event that a look did not bring was older than what it reads, so after a long sleep
    const known = read.gen === this.#head.gen ? this.#head.rev : 0;
    if (read.events.length < read.rev - known)
      this.#forgotten = Math.max(this.#forgotten, (read.events[0]?.seq ?? read.rev + 1) - 1);
    for (const { seq, subject } of read.events) {
      this.#last.delete(subject);
      this.#last.set(subject, { seq, at: sentAt });
    }
    this.#head = { rev: read.rev, gen: read.gen };
    this.#freshAt = sentAt;
    this.#forget(sentAt);
  }

  #forget(now: number): void {
    for (const [subject, { seq, at }] of this.#last) {
      if (now - at <= MEMORY_S * 1_000 && this.#last.size <= REMEMBERED) break;
      this.#last.delete(subject);
      this.#forgotten = seq;
    }
  }

  async #tell(subject: string | undefined): Promise<void> {
    for (const listener of this.#listeners) await listener(subject);
  }
}
