import { FairQueue } from '@businessos/tenancy';
import { ownCpuUs } from './cpu.ts';

const TENANTS = 50;
const QUEUED = 5_000;
const BOUNDS = { maxWaiting: QUEUED, maxWaitMs: 60_000 };

/** Microseconds of CPU for one turn, enter and leave together, by round: with nobody waiting and with 5,000 queued. */
export async function queueCost(rounds: number, turns: number): Promise<{ empty: number[]; '5,000 queued': number[] }> {
  const cost = { empty: [] as number[], '5,000 queued': [] as number[] };
  for (let round = -1; round < rounds; round++) {
    const [empty, queued] = [emptyTurns(turns), await queuedTurns(turns)];
    if (round < 0) continue; // compiled by now
    cost.empty.push(empty);
    cost['5,000 queued'].push(queued);
  }
  return cost;
}

function emptyTurns(turns: number): number {
  const queue = new FairQueue({ slots: 8, cap: 6, ...BOUNDS });
  const started = ownCpuUs();
  for (let turn = 0; turn < turns; turn++) {
    const tenant = tenantOf(turn);
    if (queue.enter(tenant) !== undefined) throw new Error('an empty queue made somebody wait');
    queue.leave(tenant, 1);
  }
  return (ownCpuUs() - started) / turns;
}

/** Every turn that ends is followed by a new one of the same tenant, so that as many wait all the time. */
async function queuedTurns(turns: number): Promise<number> {
  const queue = new FairQueue({ slots: 8, cap: 6, ...BOUNDS });
  const inside: string[] = [];
  const granted = new Map(NAMES.map((tenant) => [tenant, () => inside.push(tenant)]));
  const enter = (tenant: string) => {
    const turn = queue.enter(tenant);
    if (turn === undefined) inside.push(tenant);
    else void turn.then(granted.get(tenant));
  };
  for (let at = 0; at < QUEUED + 8; at++) enter(tenantOf(at));
  const started = ownCpuUs();
  for (let turn = 0; turn < turns; ) {
    for (let tenant = inside.pop(); tenant !== undefined; tenant = inside.pop()) {
      queue.leave(tenant, 1);
      enter(tenant);
      turn++;
    }
    await Promise.resolve(); // those who were granted a turn get to know it
  }
  const us = (ownCpuUs() - started) / turns;
  if (queue.waiting < QUEUED) throw new Error(`only ${queue.waiting} waited`);
  while (queue.running > 0) {
    for (let tenant = inside.pop(); tenant !== undefined; tenant = inside.pop()) queue.leave(tenant, 1);
    await Promise.resolve();
  }
  return us;
}

const NAMES = Array.from({ length: TENANTS }, (_, at) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`);

function tenantOf(at: number): string {
  return NAMES[at % TENANTS] as string;
}
