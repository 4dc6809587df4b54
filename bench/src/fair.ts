import { openDatabase } from '@businessos/server';
import { bare, type Contender, scoped } from './contenders.ts';
import { loadTenants, type StageTenant } from './load.ts';
import { NEWEST } from './operations.ts';
import { barOf, type Outcome, type Result, type RunOptions } from './outcome.ts';
import { queueCost } from './queue-cost.ts';
import { closedLoop, inRounds } from './rounds.ts';
import { quantile, ratioOf, spreadOf } from './spread.ts';
import { type Stage, sealKeysOf } from './stage.ts';

const NAMES = ['alone', 'fair', 'fair, multiplexed', 'fifo'] as const;
type Name = (typeof NAMES)[number];

/** How a quiet tenant fares while another floods the pool, and what the fair queue costs. */
export async function fair(stage: Stage, { rounds: asked, quick, say }: RunOptions): Promise<Outcome> {
  const rounds = asked ?? (quick ? 1 : 9);
  const ms = quick ? 400 : 2_000;
  const standing = quick ? 100 : 1_000;
  const [noisy, quiet] = (await loadTenants(stage, 2, quick ? 50 : 1_000)) as [StageTenant, StageTenant];
  const plain = await stage.copy('none');
  const connection = (await openDatabase(stage.config, () => {})).connection('bos_app');
  const sealKeys = sealKeysOf(stage.config);
  const ours = await scoped(connection, sealKeys, 0);
  const multiplexed = await scoped(connection, sealKeys, 4);
  const pools: Record<Name, Contender> = {
    alone: ours,
    fair: ours,
    'fair, multiplexed': multiplexed,
    fifo: bare(plain),
  };
  try {
    const measure = (name: Name, forMs: number) =>
      quietLatencies(pools[name], noisy, quiet, name === 'alone' ? 0 : standing, forMs);
    await inRounds(1, NAMES, (name) => measure(name, ms / 2));
    const slots = await inRounds(rounds, NAMES, (name, round) => {
      say(`round ${round + 1} of ${rounds}: ${name}`);
      return measure(name, ms);
    });
    say('cost of the queue');
    const cost = await queueCost(quick ? 1 : 9, quick ? 20_000 : 200_000);
    const at = (name: Name, q: number) => slots[name].map((latencies) => quantile(latencies, q));
    const results = [0.5, 0.99].flatMap((q): Result[] =>
      NAMES.map((contender) => ({
        case: `quiet tenant, p${q * 100}, ${standing} standing requests of another over 8 connections`,
        contender,
        value: spreadOf(at(contender, q)),
        unit: 'ms',
        ratio: ratioOf(at(contender, q), at('fifo', q)),
      })),
    );
    return {
      rounds,
      results: [
        ...results,
        ...Object.entries(cost).map(([contender, us]) => ({
          case: 'enter and leave of the fair queue',
          contender,
          value: spreadOf(us),
          unit: 'µs CPU',
        })),
      ],
      bars: [
        barOf('quiet p99 vs fifo', 'at most', 0.1, ratioOf(at('fair', 0.99), at('fifo', 0.99))),
        barOf('queue cost us', 'at most', 1, worse(Object.values(cost))),
      ],
      notes: [
        'all run the 20 newest contacts; the quiet tenant asks one after the other',
        'alone: the kernel without the flood; fair: the kernel’s pool of 8 leases (one tenant at most 6); fair, multiplexed: as the product runs it',
        'fifo: pg.Pool of 8 with the bare statement on tables without row security, so faster for each query than the kernel: the comparison favours it',
        'queue cost: the worse of both; with 5,000 queued it includes the promise and the bound on its waiting time',
      ],
    };
  } finally {
    await Promise.all([ours, multiplexed, pools.fifo].map((contender) => contender.end()));
  }
}

/** Milliseconds of each of the quiet tenant's queries, sorted, while the flood stands. */
async function quietLatencies(
  contender: Contender,
  noisy: StageTenant,
  quiet: StageTenant,
  standing: number,
  ms: number,
): Promise<number[]> {
  const latencies: number[] = [];
  const flood = closedLoop(standing, ms, () => contender.run(NEWEST, noisy));
  const measured = closedLoop(1, ms, async () => {
    const started = performance.now();
    await contender.run(NEWEST, quiet);
    latencies.push(performance.now() - started);
  });
  await Promise.all([flood, measured]);
  return latencies.sort((a, b) => a - b);
}

function worse(series: readonly number[][]) {
  return series.map(spreadOf).reduce((a, b) => (b.median > a.median ? b : a));
}
