import { authCosts, type Cost } from './auth-costs.ts';
import { openProcesses } from './auth-processes.ts';
import { barOf, type Outcome, type RunOptions } from './outcome.ts';
import { inRounds } from './rounds.ts';
import { ratioOf, spreadOf } from './spread.ts';
import type { Stage } from './stage.ts';

/** What it costs to know whose a request is, and how soon a right that was taken away is gone. */
export async function auth(stage: Stage, { rounds: asked, quick, say }: RunOptions): Promise<Outcome> {
  const rounds = asked ?? (quick ? 1 : 15);
  const acts = await authCosts();
  const names = Object.keys(acts) as Cost[];
  const count = quick ? 500 : 2_000;
  await inRounds(2, names, (name) => acts[name](count)); // compiled by now
  const costs = await inRounds(rounds, names, (name, round) => {
    say(`round ${round + 1} of ${rounds}: ${name}`);
    return acts[name](name === 'token, cold' || name === 'jose, every time' ? count : count * 20);
  });
  const processes = await openProcesses(stage);
  try {
    say('three servers: polls of the feed');
    const rate = await processes.feedRate(quick ? 2 : 10);
    const tries = quick ? 1 : 11;
    const removals: number[] = [];
    const cuts: number[] = [];
    for (let at = 0; at < tries; at++) {
      say(`try ${at + 1} of ${tries}: a removal, and a database that falls silent`);
      removals.push(await processes.removal());
      if (at < 3) cuts.push(await processes.cutOff());
    }
    say('sign-ins at once');
    const flood = await processes.flood(quick ? 50 : 300);
    const ratio = (of: Cost, to: Cost) => ratioOf(costs[of], costs[to]);
    return {
      rounds,
      results: [
        ...names.map((contender) => ({
          case: 'one, alone in the process',
          contender,
          value: spreadOf(costs[contender]),
          unit: 'microseconds of CPU',
        })),
        {
          case: 'member removed by one of three servers',
          contender: 'refused by all',
          value: spreadOf(removals),
          unit: 'ms',
        },
        { case: 'database silent', contender: 'first 503', value: spreadOf(cuts), unit: 'ms' },
        {
          case: 'nobody asks',
          contender: 'polls of the feed',
          value: spreadOf([rate]),
          unit: 'per second and process',
        },
        { case: 'sign-ins at once', contender: 'resident at most', value: spreadOf([flood]), unit: 'MB more' },
      ],
      bars: [
        barOf('token cached us', 'at most', 5, spreadOf(costs['token, cached'])),
        barOf('token cached vs jose', 'at most', 0.05, ratio('token, cached', 'jose, every time')),
        barOf('token cold vs jose', 'at most', 0.9, ratio('token, cold', 'jose, every time')),
        barOf('revocation check us', 'at most', 1, spreadOf(costs['revocation check'])),
        barOf('host parser us', 'at most', 1, spreadOf(costs['Host parser'])),
        barOf('feed queries per second', 'at most', 1.2, rate),
        barOf('removal p50 s', 'at most', 1.5, spreadOf(removals).median / 1_000),
        barOf('removal at most s', 'at most', 5, spreadOf(removals).most / 1_000),
        barOf('cut off to 503 s', 'at most', 5, spreadOf(cuts).most / 1_000),
        barOf('sign-in flood MB', 'at most', 60, flood),
      ],
      notes: [
        'token: Ed25519; jose: jwtVerify with the same key, issuer and audience, which caches nothing',
        'revocation check: four subjects against 10,000 remembered events',
        'removal: from the answer to the DELETE until the last of three processes refuses a token of 300 s; the three are asked every 20 ms',
        'database silent: what goes through is swallowed and no connection ends',
        'sign-ins at once: 300 from one address with a password that fits nobody; most are answered 429 or 503',
      ],
    };
  } finally {
    await processes.end();
  }
}
