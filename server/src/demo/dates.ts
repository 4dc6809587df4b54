import type { Random } from './random.ts';

const DAY_MS = 86_400_000;

/**
 * Returns a moment `workingDays` working days before `before`, on a Monday to Friday between 07:00 and 15:59 UTC, which
 * are working hours from Dublin to Berlin. Always strictly earlier than `before`, if need be by a day more, and always
 * three draws, so that another `before` does not change what is drawn next.
 */
export function workingTime(random: Random, before: Date, workingDays: number): Date {
  const clock = (7 * 60 + random.below(9 * 60)) * 60_000 + random.below(60) * 1000 + random.below(1000);
  let midnight = Math.floor(before.getTime() / DAY_MS) * DAY_MS;
  if (isWeekend(midnight) || midnight + clock >= before.getTime()) midnight = dayBefore(midnight);
  midnight -= Math.floor(workingDays / 5) * 7 * DAY_MS;
  for (let day = 0; day < Math.floor(workingDays) % 5; day++) midnight = dayBefore(midnight);
  return new Date(midnight + clock);
}

function dayBefore(midnight: number): number {
  const earlier = midnight - DAY_MS;
  return isWeekend(earlier) ? dayBefore(earlier) : earlier;
}

function isWeekend(midnight: number): boolean {
  const weekday = new Date(midnight).getUTCDay();
  return weekday === 0 || weekday === 6;
}
