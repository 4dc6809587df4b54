/** In random order (Fisher and Yates). */
function shuffled<T>(list: readonly T[]): T[] {
  const all = [...list];
  for (let at = all.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1));
    [all[at], all[other]] = [all[other] as T, all[at] as T];
  }
  return all;
}

/**
 * Measures every contender once in each round, in random order, so that what disturbs the machine hits all alike.
 * Returns what each measured, by round.
 */
export async function inRounds<N extends string, T>(
  rounds: number,
  contenders: readonly N[],
  measure: (contender: N, round: number) => Promise<T>,
): Promise<Record<N, T[]>> {
  const found = Object.fromEntries(contenders.map((name) => [name, [] as T[]])) as Record<N, T[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of shuffled(contenders)) found[name].push(await measure(name, round));
  }
  return found;
}

/** Runs `act` from so many callers, each one after the other, for `ms`. Returns how many ended per second, and how many. */
export async function closedLoop(
  callers: number,
  ms: number,
  act: () => Promise<unknown>,
): Promise<{ perSecond: number; done: number }> {
  const started = performance.now();
  const end = started + ms;
  let done = 0;
  const caller = async () => {
    while (performance.now() < end) {
      await act();
      done++;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { perSecond: (done * 1000) / (performance.now() - started), done };
}
