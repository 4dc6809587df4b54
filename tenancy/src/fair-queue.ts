import { PoolBusyError } from './errors.ts';

export interface FairQueueOptions {
  /** How many may be inside at once. */
  slots: number;
  /** How many of one tenant may be inside at once. */
  cap: number;
  /** How many of one tenant may wait; the next is refused. */
  maxWaiting: number;
  /** How long one may wait, milliseconds. */
  maxWaitMs: number;
}

interface Waiter {
  readonly flow: Flow;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** When it has waited too long, by `performance.now()`. */
  readonly until: number;
  readonly signal: AbortSignal | undefined;
  onAbort: (() => void) | undefined;
  /** Granted or refused. */
  gone: boolean;
}

interface Flow {
  readonly tenantId: string;
  line: Waiter[];
  head: number;
  /** Waiters in the line that nobody gave up. */
  waiting: number;
  running: number;
  /** Where its next turn starts. Never changes in the heap: what goes ahead of it there starts no later. */
  finish: number;
  /** Moving average of milliseconds inside, the price of one turn. */
  cost: number;
  inHeap: boolean;
}

const FORGET_AT = 10_000;

/**
 * Start-time fair queueing (Goyal, Vin, Cheng 1996) over tenants: each tenant has a line of its own, the tenant with
 * the least virtual finish time is next, and a turn costs what its turns have taken on average. A flood by one tenant
 * queues behind itself. Both the line and the waiting time are bounded.
 */
export class FairQueue {
  readonly #options: FairQueueOptions;
  readonly #flows = new Map<string, Flow>();
  readonly #heap: Flow[] = [];
  /** One for all, set while somebody waits: one for each waiter cost more than the rest of its turn. */
  #timer: NodeJS.Timeout | undefined;
  #free: number;
  #now = 0;
  #waiting = 0;

  constructor(options: FairQueueOptions) {
    this.#options = options;
    this.#free = options.slots;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get running(): number {
    return this.#options.slots - this.#free;
  }

  /** Milliseconds that this tenant's turns take on average, and how many run and wait. */
  tenant(tenantId: string): { running: number; waiting: number; costMs: number } {
    const flow = this.#flows.get(tenantId);
    return flow
      ? { running: flow.running, waiting: flow.waiting, costMs: flow.cost }
      : { running: 0, waiting: 0, costMs: 0 };
  }

  /**
   * Takes a turn: returns undefined when it may start at once, else a promise of it. Every turn taken must be given
   * back by `leave`. @throws PoolBusyError (also by the promise) when a bound is reached.
   */
  enter(tenantId: string, signal?: AbortSignal): Promise<void> | undefined {
    const flow = this.#flow(tenantId);
    if (this.#free > 0 && this.#waiting === 0 && flow.running < this.#options.cap) {
      this.#start(flow);
      return undefined;
    }
    if (flow.waiting >= this.#options.maxWaiting) {
      throw new PoolBusyError(`${this.#options.maxWaiting} statements of the tenant wait already`);
    }
    return new Promise((resolve, reject) => this.#wait(flow, resolve, reject, signal));
  }

  /** Gives a turn back with the milliseconds it took; the next in line starts. */
  leave(tenantId: string, ms: number): void {
    const flow = this.#flow(tenantId);
    flow.running--;
    flow.cost = flow.cost === 0 ? ms : flow.cost * 0.9 + ms * 0.1;
    this.#free++;
    this.#offer(flow);
    this.#next();
    if (this.#flows.size > FORGET_AT) this.#forget();
  }

  #flow(tenantId: string): Flow {
    let flow = this.#flows.get(tenantId);
    if (flow === undefined) {
      flow = { tenantId, line: [], head: 0, waiting: 0, running: 0, finish: 0, cost: 0, inHeap: false };
      this.#flows.set(tenantId, flow);
    }
    return flow;
  }

  #start(flow: Flow): void {
    this.#free--;
    flow.running++;
    const start = Math.max(this.#now, flow.finish);
    this.#now = start;
    flow.finish = start + Math.max(flow.cost, 0.01);
  }

  #wait(flow: Flow, resolve: () => void, reject: (error: Error) => void, signal: AbortSignal | undefined): void {
    const until = performance.now() + this.#options.maxWaitMs;
    const waiter: Waiter = { flow, resolve, reject, until, signal, onAbort: undefined, gone: false };
    if (signal !== undefined) {
      waiter.onAbort = () => {
        this.#refuse(waiter, signal.reason instanceof Error ? signal.reason : new Error('aborted'));
        this.#compact(flow);
      };
      signal.addEventListener('abort', waiter.onAbort, { once: true });
    }
    if (flow.waiting === 0 && flow.running === 0) flow.finish = Math.max(flow.finish, this.#now);
    flow.line.push(waiter);
    flow.waiting++;
    this.#waiting++;
    if (this.#timer === undefined) this.#watch(until); // nobody who comes later is due earlier
    this.#offer(flow);
    this.#next();
  }

  /** The waiter leaves its line, granted or refused; the entry in the line is skipped later. */
  #settle(waiter: Waiter): void {
    waiter.gone = true;
    waiter.flow.waiting--;
    this.#waiting--;
    if (waiter.onAbort !== undefined) waiter.signal?.removeEventListener('abort', waiter.onAbort);
  }

  #refuse(waiter: Waiter, error: Error): void {
    if (waiter.gone) return;
    this.#settle(waiter);
    waiter.reject(error);
  }

  /** Nobody is shifted behind a tenant at its cap, so those who gave up would pile up. */
  #compact(flow: Flow): void {
    if (flow.line.length - flow.head <= 64 + 2 * flow.waiting) return;
    flow.line = flow.line.filter(({ gone }) => !gone);
    flow.head = 0;
  }

  #watch(until: number): void {
    this.#timer = setTimeout(() => this.#expire(), Math.max(until - performance.now(), 1));
    this.#timer.unref();
  }

  /** Refuses who has waited too long, at the head of each line, and looks again when the next is due. */
  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const flow of this.#flows.values()) {
      for (let at = flow.head; at < flow.line.length; at++) {
        const waiter = flow.line[at] as Waiter;
        if (waiter.gone) continue;
        if (waiter.until > now) {
          next = Math.min(next, waiter.until);
          break;
        }
        this.#refuse(waiter, new PoolBusyError(`waited ${this.#options.maxWaitMs} ms`));
      }
      this.#compact(flow);
    }
    if (this.#waiting > 0) this.#watch(next);
  }

  #next(): void {
    while (this.#free > 0) {
      const flow = this.#pop();
      if (flow === undefined) return;
      if (flow.running >= this.#options.cap) continue; // leave() offers it again
      const waiter = this.#shift(flow);
      if (waiter === undefined) continue;
      this.#settle(waiter);
      this.#start(flow);
      this.#offer(flow);
      waiter.resolve();
    }
  }

  #shift(flow: Flow): Waiter | undefined {
    while (flow.head < flow.line.length) {
      const waiter = flow.line[flow.head++] as Waiter;
      if (flow.head > 64 && flow.head * 2 > flow.line.length) {
        flow.line = flow.line.slice(flow.head);
        flow.head = 0;
      }
      if (!waiter.gone) return waiter;
    }
    flow.line = [];
    flow.head = 0;
    return undefined;
  }

  /** Puts a tenant with work and below its cap into the heap, ordered by its next start. */
  #offer(flow: Flow): void {
    if (flow.inHeap || flow.waiting === 0 || flow.running >= this.#options.cap) return;
    flow.inHeap = true;
    const heap = this.#heap;
    let at = heap.push(flow) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((heap[parent] as Flow).finish <= flow.finish) break;
      heap[at] = heap[parent] as Flow;
      at = parent;
    }
    heap[at] = flow;
  }

  #pop(): Flow | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined) return undefined;
    top.inHeap = false;
    if (heap.length > 0) {
      let at = 0;
      for (;;) {
        let child = at * 2 + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && (heap[child + 1] as Flow).finish < (heap[child] as Flow).finish) child++;
        if ((heap[child] as Flow).finish >= last.finish) break;
        heap[at] = heap[child] as Flow;
        at = child;
      }
      heap[at] = last;
    }
    return top;
  }

  #forget(): void {
    for (const [tenantId, flow] of this.#flows) {
      if (flow.running === 0 && flow.waiting === 0 && flow.finish <= this.#now) this.#flows.delete(tenantId);
    }
  }
}
