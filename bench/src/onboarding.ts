import { createLog, createTenant, openPlatform } from '@businessos/server';
import { barOf, type Outcome, type Result, type RunOptions } from './outcome.ts';
import { quantile, type Spread } from './spread.ts';
import type { Stage } from './stage.ts';

const WARM_UP = 20;

/** Whether the thousandth tenant is onboarded as fast as the first, and in the same memory. */
export async function onboarding(stage: Stage, { quick, say }: RunOptions): Promise<Outcome> {
  const total = quick ? 40 : 1_000;
  const part = total / 10;
  const platform = await openPlatform(stage.config, createLog({ logLevel: 'silent' }));
  const times: number[] = [];
  const memory: number[] = [];
  try {
    for (let n = 1 - WARM_UP; n <= total; n++) {
      const started = performance.now();
      await createTenant(platform, `bench-${n}`, requestOf(n + WARM_UP));
      if (n < 1) continue;
      times.push(performance.now() - started);
      memory.push(process.memoryUsage.rss() / 1024 ** 2);
      if (n % part === 0) say(`${n} tenants, p50 ${median(times.slice(-part)).toFixed(1)} ms`);
    }
  } finally {
    await platform.end();
  }
  const partsOf = (all: number[]) => Array.from({ length: 10 }, (_, at) => all.slice(at * part, (at + 1) * part));
  const results = (title: string, unit: string, parts: number[][]): Result[] =>
    parts.map((values, at) => ({
      case: title,
      contender: `tenants ${at * part + 1} to ${(at + 1) * part}`,
      value: spread(values),
      unit,
    }));
  const timeParts = partsOf(times);
  const memoryParts = partsOf(memory);
  return {
    rounds: 1,
    results: [
      ...results('time of one onboarding', 'ms, p50 (p5 to p95)', timeParts),
      ...results('memory of the process', 'MB, p50 (p5 to p95)', memoryParts),
    ],
    bars: [
      barOf('last vs first hundred', 'at most', 1.2, median(timeParts.at(-1)) / median(timeParts[0])),
      barOf('memory last vs first', 'at most', 1.2, median(memoryParts.at(-1)) / median(memoryParts[1])),
    ],
    notes: [
      `p50 of all: ${median(times).toFixed(1)} ms for tenant, first user, first records and the isolation probe over every table`,
      `one after the other through the product’s own onboarding, after ${WARM_UP} to warm up; fsync on`,
      'memory: of this process, which runs the product’s platform without HTTP; the last hundred to the second',
    ],
  };
}

function requestOf(n: number): object {
  return {
    slug: `bench-${n}`,
    name: `Bench ${n}`,
    region: 'eu',
    plan: 'pro',
    owner: { email: `owner${n}@bench-${n}.example`, name: `Owner ${n}` },
  };
}

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), least: quantile(sorted, 0.05), most: quantile(sorted, 0.95) };
}

function median(values: readonly number[] = []): number {
  return spread(values).median;
}
