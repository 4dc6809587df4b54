/** The median of a series with its extremes: a figure without its spread says little on a shared machine. */
export interface Spread {
  median: number;
  least: number;
  most: number;
}

/** Sums a series up. @throws Error for an empty one: a figure that nobody measured is a fault of the bench. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), least: quantile(sorted, 0), most: quantile(sorted, 1) };
}

/** Ratios of two series pair by pair, so that what slowed a round down cancels out. */
export function ratioOf(values: readonly number[], others: readonly number[]): Spread {
  return spreadOf(values.map((value, at) => value / (others[at] as number)));
}

/** The nearest-rank quantile of a sorted series, `q` from 0 to 1. @throws Error for an empty one. */
export function quantile(sorted: readonly number[], q: number): number {
  const value = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}

/** Rounds to four significant digits. */
export function short(value: number): number {
  return Number(value.toPrecision(4));
}

/** The median with its extremes; without them where there is one value only. */
export function spreadText({ median, least, most }: Spread): string {
  if (least === most) return figure(median);
  return `${figure(median)} (${figure(least)} to ${figure(most)})`;
}

function figure(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(value < 0.1 ? 2 : 3);
}
