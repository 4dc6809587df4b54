import assert from 'node:assert/strict';
import { openDatabase } from '@businessos/server';
import { awaited, bare, barePipelined, type Contender, scoped } from './contenders.ts';
import { backendCpuUs, ownCpuUs, usedBetween } from './cpu.ts';
import { loadTenants, type StageTenant } from './load.ts';
import { NEWEST, type Operation, OTHERS } from './operations.ts';
import { barOf, type Outcome, type Result, type RunOptions } from './outcome.ts';
import { closedLoop, inRounds } from './rounds.ts';
import { ratioOf, spreadOf } from './spread.ts';
import { type Stage, sealKeysOf } from './stage.ts';

const NAMES = ['pool', 'multiplexed', 'bare', 'awaited', 'bare pipelined'] as const;
type Name = (typeof NAMES)[number];
type Contenders = Record<Name, Contender>;

/** What one contender did in one round. */
interface Slot {
  perSecond: number;
  done: number;
  clientUs: number;
  serverUs: number;
}

interface Cell {
  operation: Operation;
  callers: number;
  slots: Record<Name, Slot[]>;
}

/** What the guards cost: our scoped query against the same query without them, and against the usual way. */
export async function envelope(stage: Stage, { rounds: asked, quick, say }: RunOptions): Promise<Outcome> {
  const rounds = asked ?? (quick ? 1 : 9);
  const ms = quick ? 60 : 500;
  const tenants = await loadTenants(stage, quick ? 4 : 100, quick ? 50 : 1_000);
  const contenders = await openContenders(stage);
  try {
    await checkEqual(contenders, tenants);
    const cells: Cell[] = [];
    for (const [operation, callers] of plan()) {
      say(`${operation.name}, ${callers} callers`);
      const measure = (name: Name, forMs: number) =>
        measureSlot(stage, contenders[name], operation, callers, tenants, forMs);
      await inRounds(1, NAMES, (name) => measure(name, ms / 2));
      cells.push({ operation, callers, slots: await inRounds(rounds, NAMES, (name) => measure(name, ms)) });
    }
    return outcomeOf(rounds, contenders, cells);
  } finally {
    await Promise.all(Object.values(contenders).map((contender) => contender.end()));
  }
}

function plan(): [Operation, number][] {
  return [
    ...[8, 1, 32].map((callers): [Operation, number] => [NEWEST, callers]),
    ...OTHERS.map((one): [Operation, number] => [one, 8]),
  ];
}

async function openContenders(stage: Stage): Promise<Contenders> {
  const [plain, usual] = [await stage.copy('none'), await stage.copy('usual policy')];
  const connection = (await openDatabase(stage.config, () => {})).connection('bos_app');
  const sealKeys = sealKeysOf(stage.config);
  return {
    pool: await scoped(connection, sealKeys, 0),
    multiplexed: await scoped(connection, sealKeys, 4),
    bare: bare(plain),
    awaited: awaited(usual),
    'bare pipelined': await barePipelined(plain),
  };
}

/** A contender that answers other rows than the bare one would be compared in vain. */
async function checkEqual(contenders: Contenders, tenants: StageTenant[]): Promise<void> {
  const tenant = { ...(tenants[0] as StageTenant), contacts: (tenants[0] as StageTenant).contacts.slice(0, 1) };
  for (const operation of [NEWEST, ...OTHERS].filter(({ writes }) => !writes)) {
    const { rows } = await contenders.bare.run(operation, tenant);
    assert.ok(rows.length > 0, `${operation.name} finds nothing`);
    for (const name of NAMES) {
      assert.deepEqual((await contenders[name].run(operation, tenant)).rows, rows, `${name}: ${operation.name}`);
    }
  }
}

async function measureSlot(
  { admin }: Stage,
  contender: Contender,
  operation: Operation,
  callers: number,
  tenants: StageTenant[],
  ms: number,
): Promise<Slot> {
  const backends = await backendCpuUs(admin);
  const own = ownCpuUs();
  const { perSecond, done } = await closedLoop(callers, ms, () =>
    contender.run(operation, tenants[Math.floor(Math.random() * tenants.length)] as StageTenant),
  );
  const clientUs = ownCpuUs() - own;
  return { perSecond, done, clientUs, serverUs: usedBetween(backends, await backendCpuUs(admin)) };
}

function outcomeOf(rounds: number, contenders: Contenders, cells: Cell[]): Outcome {
  const results: Result[] = cells.flatMap(({ operation, callers, slots }) =>
    NAMES.map((contender) => {
      const own = slots[contender];
      const done = own.reduce((sum, slot) => sum + slot.done, 0);
      return {
        case: `${operation.name}, ${callers} ${callers === 1 ? 'caller' : 'callers'}`,
        contender,
        value: spreadOf(rates(own)),
        unit: 'per second',
        ratio: ratioOf(rates(own), rates(slots.bare)),
        clientUs: own.reduce((sum, slot) => sum + slot.clientUs, 0) / done,
        serverUs: own.reduce((sum, slot) => sum + slot.serverUs, 0) / done,
      };
    }),
  );
  const ratio = (callers: number, one: Name, other: Name) => {
    const { slots } = cells.find((cell) => cell.operation === NEWEST && cell.callers === callers) as Cell;
    return ratioOf(rates(slots[one]), rates(slots[other]));
  };
  return {
    rounds,
    results,
    bars: [
      barOf('pool vs bare', 'at least', 0.6, ratio(8, 'pool', 'bare')),
      barOf('pool vs awaited', 'at least', 1.5, ratio(8, 'pool', 'awaited')),
      barOf('multiplexed vs bare', 'at least', 1, ratio(32, 'multiplexed', 'bare')),
    ],
    notes: [
      ...NAMES.map((name) => contenders[name].about),
      'ratio: to bare within the same round; client: CPU of this process, server: CPU of the backends, per query',
      'all five answer the same rows (checked); bare and awaited run on page by page copies of the product’s tables',
    ],
  };
}

function rates(slots: readonly Slot[]): number[] {
  return slots.map(({ perSecond }) => perSecond);
}
