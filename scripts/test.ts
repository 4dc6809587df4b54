/**
 * `npm test [-- FILES…] [--slow] [--postgres BIN]`: runs the tests with one throwaway PostgreSQL, the embedded one or a
 * system's from its folder of programs, and always ends it.
 *
 * Exit code 1 when a test fails, when none ran, and when a file left before its tests were done.
 */

import { chmodSync, globSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';

const ROOT = join(import.meta.dirname, '..');
const ROOMS = 'tenancy,contract,server,cli,bench,scripts';
const PREFIX = 'bos-test-';
/** Ends a file that hangs; nothing is measured by it. */
const FILE_TIMEOUT_MS = { usual: 600_000, slow: 1_800_000 };
/** The data live as long as the run, so nothing is written for keeps. */
const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '150' };

const { values: options, positionals } = parseArgs({
  options: { slow: { type: 'boolean', default: false }, postgres: { type: 'string' } },
  allowPositionals: true,
});
const interrupt = new AbortController();
let exitCode = 1;
for (const [signal, code] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const, ['SIGHUP', 129] as const]) {
  process.on(signal, () => {
    exitCode = code;
    interrupt.abort();
  });
}

const files = findFiles();
const cluster = await startCluster();
try {
  const passed = interrupt.signal.aborted ? false : await runFiles();
  if (!interrupt.signal.aborted) exitCode = passed ? 0 : 1;
} finally {
  await cluster.stop();
}
process.exitCode = exitCode;

/** Ends the process with a message where a pattern fits no file. */
function findFiles(): string[] {
  const usual = options.slow ? [`{${ROOMS}}/**/*.slow.test.ts`] : [`{${ROOMS}}/**/*.test.ts`];
  const patterns = positionals.length > 0 ? positionals : usual;
  const found = patterns.flatMap((pattern) => {
    const fitting = globSync(pattern, { cwd: ROOT, exclude: ['**/node_modules/**'] });
    if (fitting.length === 0) {
      console.error(`no test file fits ${pattern}`);
      process.exit(1);
    }
    return fitting;
  });
  const named = new Set(patterns.filter((pattern) => !pattern.includes('*')));
  const wanted = found.filter((file) => options.slow || named.has(file) || !file.endsWith('.slow.test.ts'));
  return [...new Set(wanted.map((file) => resolve(ROOT, file)))].sort();
}

/** Gives the tests an admin's URL in BOS_TEST_ADMIN_URL: the caller's own, else of a new cluster in a new folder. */
async function startCluster(): Promise<{ stop(): Promise<void> }> {
  if (process.env['BOS_TEST_ADMIN_URL']) return { stop: async () => {} };
  const { findEmbedded, startEmbedded, startSystemPostgres } = await import('@businessos/tenancy/embedded');
  if (options.postgres !== undefined) {
    const { adminUrl, stop } = await startSystemPostgres(options.postgres);
    process.env['BOS_TEST_ADMIN_URL'] = adminUrl;
    return { stop };
  }
  for (const orphan of findOrphans()) {
    await (await findEmbedded(orphan))?.stop();
    rmSync(orphan, { recursive: true, force: true });
  }
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  chmodSync(folder, 0o711);
  try {
    const embedded = await startEmbedded({ dataDir: folder, settings: SETTINGS, restart: false });
    process.env['BOS_TEST_ADMIN_URL'] = embedded.adminUrl;
    return {
      stop: async () => {
        await embedded.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Folders of this user's runs that were killed, so that their PostgreSQL may still run. */
function findOrphans(): string[] {
  return readdirSync(tmpdir())
    .filter((name) => /^bos-test-\d+-/.test(name) && !isAlive(Number.parseInt(name.slice(PREFIX.length), 10)))
    .map((name) => join(tmpdir(), name))
    .filter((folder) => statSync(folder).uid === process.getuid?.());
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Runs two files at a time, prints what they tell, and says whether all is well. */
async function runFiles(): Promise<boolean> {
  const counts = { passed: 0, failed: 0 };
  const skipped: string[] = [];
  /** Files that reported all their tests; one that calls process.exit() or holds no test does not. */
  const done = new Set<string>();
  const timeout = options.slow ? FILE_TIMEOUT_MS.slow : FILE_TIMEOUT_MS.usual;
  const stream = run({ files, concurrency: 2, timeout, signal: interrupt.signal, cwd: ROOT });
  stream.on('test:pass', ({ name, file, skip, todo, details }) => {
    const reason = skip ?? todo;
    if (details.type === 'suite' || name === file) return;
    if (reason === undefined) counts.passed++;
    else skipped.push(`${relative(ROOT, file ?? '')}: ${name} (${reason === true ? 'no reason given' : reason})`);
  });
  stream.on('test:fail', ({ name, file, details }) => {
    if (details.type === 'suite') return;
    counts.failed++;
    if (file && name === file) done.add(file);
  });
  const took: { file: string; seconds: number }[] = [];
  stream.on('test:summary', ({ file, duration_ms, counts: { tests } }) => {
    if (file && tests > 0) done.add(file);
    if (file) took.push({ file: relative(ROOT, file), seconds: Math.round(duration_ms / 1_000) });
  });
  for await (const text of stream.compose(spec)) process.stdout.write(text);

  const slowest = took.sort((a, b) => b.seconds - a.seconds).slice(0, 8);
  if (took.length > 8) console.log(`slowest  ${slowest.map(({ file, seconds }) => `${file} ${seconds} s`).join(', ')}`);
  for (const line of skipped) console.log(`skipped  ${line}`);
  for (const file of files.filter((path) => !done.has(path))) {
    console.log(`failed   ${relative(ROOT, file)}: left before its tests were done, or holds none`);
    counts.failed++;
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${skipped.length} skipped`);
  return counts.failed === 0 && counts.passed > 0;
}
