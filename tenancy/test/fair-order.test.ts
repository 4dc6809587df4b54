import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FairQueue } from '../src/fair-queue.ts';

const settle = async () => {
  for (let i = 0; i < 3; i++) await Promise.resolve();
};

/** The same rule, written plainly: among the tenants with work and below their cap, the least next start goes first. */
class Model {
  readonly cap: number;
  free: number;
  now = 0;
  readonly flows = new Map<string, { line: number[]; running: number; finish: number; cost: number }>();

  constructor(slots: number, cap: number) {
    this.free = slots;
    this.cap = cap;
  }

  flow(tenant: string) {
    let flow = this.flows.get(tenant);
    if (!flow) {
      flow = { line: [], running: 0, finish: 0, cost: 0 };
      this.flows.set(tenant, flow);
    }
    return flow;
  }

  enter(tenant: string, turn: number) {
    const flow = this.flow(tenant);
    if (flow.line.length === 0 && flow.running === 0) flow.finish = Math.max(flow.finish, this.now);
    flow.line.push(turn);
  }

  leave(tenant: string, ms: number) {
    const flow = this.flow(tenant);
    flow.running--;
    flow.cost = flow.cost === 0 ? ms : flow.cost * 0.9 + ms * 0.1;
    this.free++;
  }

  giveUp(tenant: string, turn: number) {
    const { line } = this.flow(tenant);
    line.splice(line.indexOf(turn), 1);
  }

  /** Tenants whose turn it may be: several where their next starts are equal. */
  candidates(): string[] {
    if (this.free === 0) return [];
    const able = [...this.flows].filter(([, { line, running }]) => line.length > 0 && running < this.cap);
    const least = Math.min(...able.map(([, { finish }]) => finish));
    return able.filter(([, { finish }]) => finish === least).map(([tenant]) => tenant);
  }

  grant(tenant: string): number {
    const flow = this.flow(tenant);
    this.free--;
    flow.running++;
    this.now = Math.max(this.now, flow.finish);
    flow.finish = this.now + Math.max(flow.cost, 0.01);
    return flow.line.shift() as number;
  }
}

test('whatever comes, goes or gives up, the next turn is that of the tenant with the least next start, in its own order', async () => {
  const tenant = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const event = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('enter' as const), tenant }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('leave' as const), which: fc.nat(), ms: fc.nat(40) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('giveUp' as const), which: fc.nat() }) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 40, maxLength: 200, size: 'max' }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      async (events, slots, cap) => {
        const queue = new FairQueue({ slots, cap, maxWaiting: 1_000, maxWaitMs: 60_000 });
        const model = new Model(slots, cap);
        const inside: string[] = [];
        const waiting: { tenant: string; turn: number; controller: AbortController }[] = [];
        const granted: { tenant: string; turn: number }[] = [];
        const follow = () => {
          for (const got of granted.splice(0)) {
            assert.ok(model.candidates().includes(got.tenant), `${got.tenant} before ${model.candidates().join()}`);
            assert.equal(model.grant(got.tenant), got.turn, 'out of its tenant’s order');
            const at = waiting.findIndex(({ turn }) => turn === got.turn);
            if (at >= 0) waiting.splice(at, 1);
            inside.push(got.tenant);
          }
          assert.deepEqual(model.candidates(), [], 'somebody could start and did not');
          assert.deepEqual([queue.running, queue.waiting], [inside.length, waiting.length]);
        };
        for (const [turn, one] of events.entries()) {
          if (one.kind === 'enter') {
            const controller = new AbortController();
            model.enter(one.tenant, turn);
            const wait = queue.enter(one.tenant, controller.signal);
            if (wait === undefined) granted.push({ tenant: one.tenant, turn });
            else {
              waiting.push({ tenant: one.tenant, turn, controller });
              wait.then(
                () => granted.push({ tenant: one.tenant, turn }),
                () => {},
              );
            }
          } else if (one.kind === 'leave') {
            if (inside.length === 0) continue;
            const [leaver = ''] = inside.splice(one.which % inside.length, 1);
            model.leave(leaver, one.ms);
            queue.leave(leaver, one.ms);
          } else {
            if (waiting.length === 0) continue;
            const [gone] = waiting.splice(one.which % waiting.length, 1);
            model.giveUp(gone?.tenant ?? '', gone?.turn ?? -1);
            gone?.controller.abort();
          }
          await settle();
          follow();
        }
        for (let left = inside.pop(); left !== undefined; left = inside.pop()) {
          model.leave(left, 1);
          queue.leave(left, 1);
          await settle();
          follow();
        }
        assert.deepEqual([queue.running, queue.waiting], [0, 0]);
      },
    ),
    { numRuns: 400 },
  );
});

test('nobody starves: a tenant that comes back is served within one round of the others, however deep they queue', async () => {
  for (const crowd of [2, 10, 50]) {
    const queue = new FairQueue({ slots: 1, cap: 1, maxWaiting: 1_000, maxWaitMs: 60_000 });
    const order: string[] = [];
    const enter = (tenant: string) => {
      const wait = queue.enter(tenant);
      if (wait === undefined) order.push(tenant);
      else wait.then(() => order.push(tenant));
    };
    for (let i = 0; i < 20; i++) for (let n = 0; n < crowd; n++) enter(`crowd ${n}`);
    for (let i = 0; i < crowd * 3; i++) {
      queue.leave(order.at(-1) ?? '', 5);
      await settle();
    }
    const from = order.length;
    enter('quiet');
    while (order.at(-1) !== 'quiet') {
      queue.leave(order.at(-1) ?? '', 5);
      await settle();
    }
    assert.ok(order.length - from <= crowd + 1, `${order.length - from} turns among ${crowd}`);
  }
});

test('each waits at most its time, a tenant’s in the order of their arrival, and those who gave up hold nothing', async (t) => {
  const queue = new FairQueue({ slots: 1, cap: 1, maxWaiting: 10_000, maxWaitMs: 30 });
  const keepAlive = setInterval(() => {}, 1_000); // the queue's own timer keeps nobody alive
  t.after(() => clearInterval(keepAlive));
  assert.equal(queue.enter('a'), undefined);
  const refused: number[] = [];
  const wait = (n: number) =>
    (queue.enter(n % 2 ? 'a' : 'b') as Promise<void>).catch((error: { code: string }) => {
      assert.equal(error.code, 'POOL_BUSY');
      refused.push(n);
    });
  const first = Array.from({ length: 50 }, (_, n) => wait(n));
  await new Promise((resolve) => setTimeout(resolve, 10));
  const second = Array.from({ length: 50 }, (_, n) => wait(50 + n));
  await Promise.all([...first, ...second]);
  assert.equal(refused.length, 100);
  for (const odd of [0, 1]) {
    const own = refused.filter((n) => n % 2 === odd);
    assert.deepEqual(
      own,
      own.toSorted((x, y) => x - y),
    );
  }
  for (let round = 0; round < 200; round++) {
    const controllers = Array.from({ length: 100 }, () => new AbortController());
    const waits = controllers.map(({ signal }) => (queue.enter('a', signal) as Promise<void>).catch(() => {}));
    for (const controller of controllers) controller.abort();
    await Promise.all(waits);
  }
  assert.deepEqual([queue.running, queue.waiting], [1, 0]);
  queue.leave('a', 1);
  assert.equal(queue.enter('b'), undefined);
});
