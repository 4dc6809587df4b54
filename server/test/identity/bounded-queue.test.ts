import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedQueue } from '../../src/identity/bounded-queue.ts';

/** A queue whose works end when they are told to. */
function openQueue(atOnce: number, mostWaiting: number) {
  const inTurn = boundedQueue(atOnce, mostWaiting);
  const begun: number[] = [];
  const ends = new Map<number, (error?: Error) => void>();
  const add = (name: number) =>
    inTurn(async () => {
      begun.push(name);
      await new Promise<void>((resolve, reject) => ends.set(name, (error) => (error ? reject(error) : resolve())));
      return name;
    });
  return { begun, add, end: (name: number, error?: Error) => ends.get(name)?.(error) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const busy = { code: 'BUSY' };

test('so many works run at once, so many wait in the order they came, and one more is refused before it began', async () => {
  const { begun, add, end } = openQueue(2, 3);
  const works = [0, 1, 2, 3, 4].map(add);
  await assert.rejects(add(5), busy);
  assert.deepEqual(begun, [0, 1]);
  for (const [name, now] of [
    [1, [0, 1, 2]],
    [0, [0, 1, 2, 3]],
    [3, [0, 1, 2, 3, 4]],
  ] as const) {
    end(name);
    await turn();
    assert.deepEqual(begun, now);
  }
  end(2);
  end(4);
  assert.deepEqual(await Promise.all(works), [0, 1, 2, 3, 4]);
});

test('a work that fails frees its place, and nobody who comes later overtakes who waits', async () => {
  const { begun, add, end } = openQueue(1, 1);
  const first = add(0);
  const second = add(1);
  end(0, new Error('broken'));
  // whether it comes before or after the place is handed over: it is behind the one who waits
  const late = first.catch(() => add(2));
  await assert.rejects(first, /broken/);
  await turn();
  assert.deepEqual(begun, [0, 1]);
  end(1);
  assert.equal(await second, 1);
  await turn();
  end(2);
  assert.equal(await late, 2);
  const again = add(3);
  end(3);
  assert.equal(await again, 3);
});
