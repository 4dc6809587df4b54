import type { Spread } from './spread.ts';

/** One measured figure of one contender. */
export interface Result {
  /** What was asked of all contenders alike. */
  case: string;
  contender: string;
  value: Spread;
  unit: string;
  /** To the baseline of the same case, as the median of the ratios within each round. */
  ratio?: Spread;
  /** Microseconds of CPU for one of what `value` counts: in the process under test, and in PostgreSQL's backends. */
  clientUs?: number;
  serverUs?: number;
}

/** A figure that must hold. `value` is as `bar` states it: a ratio, or in the unit of the name. */
export interface Bar {
  name: string;
  value: number;
  bar: number;
  ok: boolean;
  spread?: Spread;
  sense: 'at least' | 'at most';
}

/** What a bench found. */
export interface Outcome {
  rounds: number;
  results: Result[];
  bars: Bar[];
  /** What was compared with what, and what does not count as equal. */
  notes: string[];
}

/** How a bench is run. */
export interface RunOptions {
  /** Undefined: as many as the bench takes by itself. */
  rounds: number | undefined;
  /** Little data and few rounds: shows that the bench runs, not how fast anything is. */
  quick: boolean;
  /** Gets one line of progress. */
  say(line: string): void;
}

/** Judges a figure by its bar. A value is rounded first, so that what is printed is what is judged. */
export function barOf(name: string, sense: Bar['sense'], bar: number, measured: number | Spread): Bar {
  const spread = typeof measured === 'number' ? undefined : measured;
  const value = Number((typeof measured === 'number' ? measured : measured.median).toPrecision(3));
  return { name, value, bar, ok: sense === 'at least' ? value >= bar : value <= bar, ...(spread && { spread }), sense };
}
