import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FairQueue } from '../src/fair-queue.ts';

const tick = () => Promise.resolve();
const bounds = { slots: 3, cap: 2, maxWaiting: 1_000, maxWaitMs: 60_000 };

test('caps and slots are never exceeded, each turn is granted once, and a tenant’s own turns keep their order', async () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('enter' as const), tenant: fc.constantFrom('a', 'b', 'c', 'd') }),
    fc.record({ kind: fc.constant('leave' as const), which: fc.nat(), ms: fc.integer({ min: 0, max: 50 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 120 }), async (events) => {
      const queue = new FairQueue(bounds);
      const inside: string[] = [];
      const granted: Record<string, number[]> = {};
      let number = 0;
      let entered = 0;
      const start = (tenant: string, turn: number) => {
        inside.push(tenant);
        granted[tenant] = [...(granted[tenant] ?? []), turn];
        assert.ok(inside.length <= bounds.slots);
        assert.ok(inside.filter((one) => one === tenant).length <= bounds.cap);
      };
      for (const one of events) {
        if (one.kind === 'enter') {
          const turn = number++;
          entered++;
          const wait = queue.enter(one.tenant);
          if (wait === undefined) start(one.tenant, turn);
          else void wait.then(() => start(one.tenant, turn));
        } else if (inside.length > 0) {
          const [tenant = ''] = inside.splice(one.which % inside.length, 1);
          queue.leave(tenant, one.ms);
        }
        await tick();
        await tick();
        assert.equal(queue.running, inside.length);
      }
      while (inside.length > 0) {
        queue.leave(inside.pop() as string, 1);
        await tick();
        await tick();
      }
      assert.equal(Object.values(granted).flat().length, entered, 'a turn was lost or doubled');
      for (const turns of Object.values(granted))
        assert.deepEqual(
          turns,
          [...turns].sort((x, y) => x - y),
        );
      assert.deepEqual([queue.running, queue.waiting], [0, 0]);
    }),
    { numRuns: 300 },
  );
});

test('a flood queues behind itself: a quiet tenant’s turn comes next', async () => {
  const queue = new FairQueue({ ...bounds, slots: 2, cap: 2 });
  const order: string[] = [];
  for (let i = 0; i < 500; i++) void queue.enter('flood')?.then(() => order.push('flood'));
  void queue.enter('quiet')?.then(() => order.push('quiet'));
  for (let i = 0; i < 4; i++) {
    queue.leave('flood', 5);
    await tick();
    await tick();
  }
  assert.ok(order.slice(0, 2).includes('quiet'), order.join(' '));
});

test('a tenant that costs more gets fewer turns', async () => {
  const queue = new FairQueue({ ...bounds, slots: 1, cap: 1 });
  const turns: Record<string, number> = { heavy: 0, light: 0 };
  let now = '';
  for (const tenant of ['heavy', 'light']) {
    for (let i = 0; i < 300; i++) {
      const wait = queue.enter(tenant);
      if (wait === undefined) now = tenant;
      else
        void wait.then(() => {
          now = tenant;
          turns[tenant] = (turns[tenant] ?? 0) + 1;
        });
    }
  }
  for (let i = 0; i < 200; i++) {
    queue.leave(now, now === 'heavy' ? 40 : 10);
    await tick();
    await tick();
  }
  assert.ok((turns['light'] ?? 0) > 2 * (turns['heavy'] ?? 0), JSON.stringify(turns));
});

test('the line and the wait are bounded, and a refused waiter takes no turn', async () => {
  const queue = new FairQueue({ slots: 1, cap: 1, maxWaiting: 2, maxWaitMs: 20 });
  assert.equal(queue.enter('a'), undefined);
  const waits = [queue.enter('a'), queue.enter('a')] as Promise<void>[];
  assert.throws(() => queue.enter('a'), { code: 'POOL_BUSY', retryable: true });
  const aborted = new AbortController();
  const other = queue.enter('b', aborted.signal) as Promise<void>;
  aborted.abort(new Error('gone'));
  await assert.rejects(other, /gone/);
  const keepAlive = setTimeout(() => {}, 1_000);
  for (const wait of waits) await assert.rejects(wait, { code: 'POOL_BUSY' });
  clearTimeout(keepAlive);
  queue.leave('a', 1);
  assert.deepEqual([queue.running, queue.waiting], [0, 0]);
  assert.equal(queue.enter('a'), undefined);
});
