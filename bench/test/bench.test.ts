import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';

const RUN = new URL('../src/run.ts', import.meta.url).pathname;

/** The temporary folder of the benches, which clean up behind themselves. */
const folder = mkdtempSync(join(tmpdir(), 'bos-bench-test-'));
chmodSync(folder, 0o711);
after(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env: NodeJS.ProcessEnv = { ...process.env, TMPDIR: folder };
  delete env['NODE_TEST_CONTEXT'];
  const child = spawn(process.execPath, [RUN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const streams = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'exit')) as [number];
  const [out, err] = await streams;
  assert.deepEqual(readdirSync(folder), [], 'it left its data behind');
  return { code, out, err };
}

for (const name of ['envelope', 'http', 'auth', 'onboarding', 'fair']) {
  test(`bench ${name} --json prints exactly one object, with machine, rounds, results and judged bars`, async () => {
    const { code, out, err } = await run(name, '--quick', '--json');
    assert.equal(code, 0, err);
    assert.equal(out.trim().split('\n').length, 1);
    const report = JSON.parse(out) as {
      bench: string;
      machine: unknown;
      rounds: number;
      results: unknown[];
      bars: Record<string, unknown>[];
    };
    assert.equal(report.bench, name);
    assert.ok(report.machine && report.rounds >= 1 && report.results.length > 0 && report.bars.length > 0);
    for (const { name: bar, value, bar: limit, ok } of report.bars) {
      assert.deepEqual([typeof bar, typeof value, typeof limit, typeof ok], ['string', 'number', 'number', 'boolean']);
    }
  });
}

test('an unknown bench or option is refused with the list of those there are', async () => {
  for (const args of [['nonsense'], [], ['envelope', '--rounds', '0'], ['envelope', '--fast']]) {
    const { code, err } = await run(...args);
    assert.equal(code, 2);
    assert.match(err, /usage: npm run bench -- NAME/);
  }
});
