import { Refusal } from '../refusal.ts';

/**
 * Makes a queue that runs at most `atOnce` works at once and lets at most `mostWaiting` wait, first come first served.
 * A work that fails frees its place like one that ends. The returned function throws Refusal BUSY, before the work
 * began, when the queue is full.
 */
export function boundedQueue(atOnce: number, mostWaiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running < atOnce) {
      running++;
    } else {
      if (waiting.length >= mostWaiting) throw new Refusal('BUSY');
      await new Promise<void>((go) => waiting.push(go));
    }
    try {
      return await work();
    } finally {
      // the place is handed over, not given back, so that nobody who comes now overtakes those who wait
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
