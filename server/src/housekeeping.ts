import { sql } from '@businessos/tenancy';
import type { Logger } from 'pino';
import type { Platform } from './start.ts';
import { sweepOnboardings } from './tenants/onboarding.ts';

const MINUTE = 60_000;

/** Does what must be done again and again while a server runs; each failure is logged, and tried at the next time. */
export function keepHouse(platform: Platform, log: Logger): () => void {
  const { tenants, steps, people, tenancy } = platform;
  const works: [name: string, everyMs: number, work: () => Promise<unknown>][] = [
    ['onboardings', MINUTE / 2, () => sweepOnboardings(tenants, steps)],
    ['last use of keys', MINUTE, () => people.authenticator.flushUse()],
    ['what is over', 60 * MINUTE, () => people.sweep()],
    ['signing keys', 24 * 60 * MINUTE, () => people.keys.tick()],
    ['months of the audit log', 24 * 60 * MINUTE, () => makeMonths(tenancy)],
  ];
  const run = (name: string, work: () => Promise<unknown>) =>
    work().catch((error: unknown) => log.warn({ error: String(error) }, `housekeeping failed: ${name}`));
  void run('months of the audit log', () => makeMonths(tenancy));
  const timers = works.map(([name, everyMs, work]) => setInterval(() => void run(name, work), everyMs).unref());
  return () => timers.forEach(clearInterval);
}

/**
 * Makes this month's and the next two months' partitions of the audit log, where they are missing, each by itself: one
 * whose entries lie in the default partition already cannot be made, and must not keep the next ones from it.
 * @throws AggregateError when one could not be made.
 */
export async function makeMonths(tenancy: Pick<Platform['tenancy'], 'privileged'>): Promise<void> {
  const failed: unknown[] = [];
  for (const ahead of [0, 1, 2]) {
    await tenancy
      .privileged('make a month of the audit log', (db) =>
        db.query(sql`select audit.make_month((now() + ${ahead} * interval '1 month')::date)`),
      )
      .catch((error: unknown) => failed.push(error));
  }
  if (failed.length > 0)
    throw new AggregateError(
      failed,
      `${failed.length} of 3 could not be made; see audit.entries_default: ${failed[0]}`,
    );
}
