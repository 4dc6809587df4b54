/** `npm run bench -- NAME [--json] [--rounds N] [--quick] [--write] [--check]`: measures, prints, judges by the bars. */

import { parseArgs } from 'node:util';
import { auth } from './auth.ts';
import { envelope } from './envelope.ts';
import { fair } from './fair.ts';
import { http } from './http.ts';
import { machineOf } from './machine.ts';
import { onboarding } from './onboarding.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { asJson, asText, writeReport } from './report.ts';
import { openStage, type Stage } from './stage.ts';

interface Bench {
  about: string;
  run(stage: Stage, options: RunOptions): Promise<Outcome>;
}

const BENCHES: Record<string, Bench> = {
  envelope: { about: 'one scoped query with every guard on, against bare pg and against the usual way', run: envelope },
  http: { about: 'a list through the whole server, against Express and pg with the same token check', run: http },
  auth: { about: 'whose a request is, and how soon a right that was taken away is gone', run: auth },
  onboarding: { about: 'a thousand tenants in a row: the last costs what the first did', run: onboarding },
  fair: { about: 'a quiet tenant beside the flood of another, against a first-in-first-out pool', run: fair },
};

const USAGE = `usage: npm run bench -- NAME [options]

${Object.entries(BENCHES)
  .map(([key, { about }]) => `  ${key.padEnd(12)}${about}`)
  .join('\n')}

  --json        print exactly one JSON object; progress goes to stderr
  --rounds N    interleaved rounds, 1 to 99
  --quick       little data and one round: shows that the bench runs, says nothing about speed
  --write       also write docs/benchmarks/NAME.md and NAME.svg
  --check       exit with 3 when a figure misses its bar
`;

const { values: options, positionals } = readArguments();
const [name = '', ...more] = positionals;
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (bench === undefined || more.length > 0) usage(options.help ? 0 : 2);

const rounds = roundsOf(options.rounds);

const say = (line: string) => process.stderr.write(`${name}: ${line}\n`);
const stage = await openStage(say);
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    void stage.end().finally(() => process.exit(130));
  });
}
try {
  const outcome = await bench.run(stage, { rounds, quick: options.quick, say });
  const report = { bench: name, machine: machineOf(stage.postgres), ...outcome };
  process.stdout.write(options.json ? `${JSON.stringify(asJson(report))}\n` : asText(report));
  if (options.write) for (const path of writeReport(report, process.argv.slice(2))) say(`wrote ${path}`);
  const missed = outcome.bars.filter(({ ok }) => !ok);
  for (const { name: bar, value, bar: limit, sense } of missed) say(`MISSED ${bar}: ${value}, ${sense} ${limit}`);
  if (options.check && missed.length > 0) process.exitCode = 3;
} finally {
  await stage.end();
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        rounds: { type: 'string' },
      },
      allowPositionals: true,
    });
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n`);
    return usage(2);
  }
}

function roundsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d?$/.test(text)) usage(2);
  return Number(text);
}

function usage(code: number): never {
  (code === 0 ? process.stdout : process.stderr).write(USAGE);
  process.exit(code);
}
