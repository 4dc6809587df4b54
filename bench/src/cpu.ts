import { readFileSync } from 'node:fs';
import type pg from 'pg';

/** Linux counts in hundredths of a second (`getconf CLK_TCK`), on every platform that Node runs on. */
const TICK_US = 10_000;

/** Microseconds of CPU that this process used since its start, all threads. */
export function ownCpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * Microseconds of CPU of every client backend of the server, by process id; in steps of 10 ms, so add several
 * rounds up. Empty where there is no /proc.
 */
export async function backendCpuUs(admin: pg.Client): Promise<Map<number, number>> {
  const { rows } = await admin.query<{ pid: number }>(
    "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
  );
  const found = new Map<number, number>();
  for (const { pid } of rows) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // proc(5): utime and stime are fields 14 and 15; the second, in brackets, may hold blanks
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      found.set(pid, (Number(fields[11]) + Number(fields[12])) * TICK_US);
    } catch {
      // ended since, or no /proc here
    }
  }
  return found;
}

/** What the backends used between two readings. */
export function usedBetween(before: Map<number, number>, after: Map<number, number>): number {
  let sum = 0;
  for (const [pid, us] of after) sum += us - (before.get(pid) ?? 0);
  return sum;
}
