import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { embeddedAvailable } from '@businessos/tenancy/embedded';

const runner = join(import.meta.dirname, 'test.ts');
const folder = mkdtempSync(join(tmpdir(), 'runner-'));
after(() => rmSync(folder, { recursive: true }));

function plant(name: string, code: string): string {
  const file = join(folder, `${name}.test.ts`);
  writeFileSync(file, `import { test } from 'node:test';\n${code}\n`);
  return file;
}

function start(files: string[], adminUrl: string | undefined) {
  const env: NodeJS.ProcessEnv = { ...process.env, BOS_TEST_ADMIN_URL: adminUrl };
  delete env['NODE_TEST_CONTEXT'];
  const child = spawn(process.execPath, [runner, ...files], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  return { child, output: text(child.stdout) };
}

/** The last line and the exit code. */
async function result(...files: string[]): Promise<[last: string | undefined, code: number]> {
  const { child, output } = start(files, 'postgres://unused');
  const [code] = await once(child, 'exit');
  return [(await output).trimEnd().split('\n').at(-1), code];
}

const fine = plant('fine', "test('a', () => {}); test('b', (t) => t.skip('needs redis-server'));");

test('the last line counts what passed, failed and was skipped', async () => {
  assert.deepEqual(await result(fine), ['1 passed, 0 failed, 1 skipped', 0]);
  const bad = plant(
    'bad',
    "test('parent', async (t) => { await t.test('child', () => { throw new Error('no'); }); });",
  );
  assert.deepEqual(await result(fine, bad), ['1 passed, 2 failed, 1 skipped', 1]);
});

test('a skipped test is named with its reason', async () => {
  const { output } = start([fine], 'postgres://unused');
  assert.match(await output, /^skipped {2}.*fine\.test\.ts: b \(needs redis-server\)$/m);
});

test('a run in which nothing passed fails', async () => {
  const skipped = plant('skipped', "test('a', { skip: 'needs a moon' }, () => {});");
  assert.deepEqual(await result(skipped), ['0 passed, 0 failed, 1 skipped', 1]);
});

test('a file that leaves early, holds no test or does not load fails', async () => {
  const early = plant('early', "test('a', () => process.exit(0)); test('b', () => { throw new Error('no'); });");
  const empty = plant('empty', '');
  const broken = plant('broken', "import './gone.ts';");
  assert.deepEqual(await result(fine, early), ['1 passed, 1 failed, 1 skipped', 1]);
  assert.deepEqual(await result(fine, empty), ['1 passed, 1 failed, 1 skipped', 1]);
  assert.deepEqual(await result(fine, broken), ['1 passed, 1 failed, 1 skipped', 1]);
});

test('a pattern that fits no file fails', async () => {
  const [last, code] = await result(join(folder, 'gone.test.ts'));
  assert.deepEqual([last, code], ['', 1]);
});

test('an interrupted run ends its PostgreSQL and leaves no folder', async (t) => {
  if (!embeddedAvailable()) return t.skip('needs the embedded PostgreSQL of this platform');
  const hanging = plant(
    'hanging',
    "test('a', async () => { console.log(process.env.BOS_TEST_ADMIN_URL); await new Promise((r) => setTimeout(r, 1e6)); });",
  );
  const { child } = start([hanging], undefined);
  const port = await new Promise<number>((resolve) => {
    child.stdout.on('data', (chunk) => {
      const [, found] = /postgres\S*:(\d+)/.exec(String(chunk)) ?? [];
      if (found) resolve(Number(found));
    });
  });
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 143);
  assert.deepEqual(
    readdirSync(tmpdir()).filter((name) => name.startsWith(`bos-test-${child.pid}-`)),
    [],
  );
  await assert.rejects(fetch(`http://127.0.0.1:${port}`), ({ cause }) => cause.code === 'ECONNREFUSED');
});
