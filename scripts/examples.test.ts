import assert from 'node:assert/strict';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import {
  type Example,
  findExamples,
  needsDemo,
  type Outcome,
  runProgram,
  runSession,
  sharesOneShell,
  startDemo,
} from './examples.ts';
import { findSyntaxError } from './imports.ts';

const root = join(import.meta.dirname, '..');
/** Inside the tree, so that an example imports the packages as a program of this repository does. */
const inside = mkdtempSync(join(root, '.examples-'));
const elsewhere = mkdtempSync(join(tmpdir(), 'examples-'));
after(() => {
  for (const folder of [inside, elsewhere]) rmSync(folder, { recursive: true, force: true });
});

async function check({ language, run, line, code }: Example, name: string): Promise<Outcome> {
  if (language === 'ts' && run) {
    const file = join(inside, `${name.replaceAll(/\W/g, '-')}-${line}.ts`);
    writeFileSync(file, code);
    return runProgram(process.execPath, [file], inside);
  }
  if (language === 'ts') {
    const error = findSyntaxError('example.ts', code);
    return { ok: error === undefined, output: error ?? '' };
  }
  const cwd = mkdtempSync(join(elsewhere, 'sh-'));
  return runProgram('bash', run ? ['-euo', 'pipefail', '-c', code] : ['-n', '-c', code], cwd);
}

async function runBeside(blocks: readonly Example[], beside: boolean): Promise<Map<Example, Outcome>> {
  if (!beside) return await runSession(blocks, mkdtempSync(join(elsewhere, 'session-')));
  const demo = await startDemo(mkdtempSync(join(elsewhere, 'data-')));
  try {
    return await runSession(blocks, root, demo);
  } finally {
    await demo.stop();
  }
}

/** One test for each block of a document; it fails with the block's output. */
function testDocument(path: string): void {
  const markdown = readFileSync(join(root, path), 'utf8');
  const examples = findExamples(markdown);
  const shared = sharesOneShell(markdown) ? examples.filter(({ language, run }) => language === 'sh' && run) : [];
  let session: Promise<Map<Example, Outcome>> | undefined;
  for (const example of examples) {
    test(`${path}:${example.line} ${example.run ? 'runs' : 'is well formed'}`, async () => {
      session ??= runBeside(shared, needsDemo(markdown));
      const outcome = shared.includes(example) ? (await session).get(example) : await check(example, path);
      assert.ok(outcome?.ok, outcome?.output);
    });
  }
}

for (const path of globSync(['*.md', '*/README.md', 'docs/**/*.md'], { cwd: root }).sort()) testDocument(path);

const block = (info: string, code: string): string => `Text\n\n\`\`\`${info}\n${code}\n\`\`\`\n`;
const only = async (markdown: string): Promise<Outcome> => {
  const [example] = findExamples(markdown);
  assert.ok(example);
  return check(example, 'planted.md');
};

test('a block that fails, or that is not well formed, is seen', async () => {
  const seen: [info: string, good: string, bad: string][] = [
    ['ts', 'const a: number = await b();', 'const a: = 1;'],
    ['ts run', 'const a: number = 1; process.exit(a - 1);', 'throw new Error("no");'],
    ['sh', 'curl http://localhost:1', 'if true; then'],
    ['sh run', 'node --version | grep ^v24', 'false; true'],
  ];
  for (const [info, good, bad] of seen) {
    assert.ok((await only(block(info, good))).ok, `${info}: ${good}`);
    assert.ok(!(await only(block(info, bad))).ok, `${info}: ${bad}`);
  }
});

test('an example in TypeScript imports the packages of this repository', async () => {
  const { ok, output } = await only(block('ts run', "import pg from 'pg';\nconsole.log(typeof pg.Pool);"));
  assert.ok(ok, output);
  assert.match(output, /^function$/m);
});

test('what an example leaves running ends with it', async () => {
  const flag = join(elsewhere, 'ended');
  const server = `bash -c 'trap "touch ${flag}; exit" TERM; echo started > ${flag}.pipe; while :; do sleep 0.1; done' &`;
  const { ok, output } = await only(block('sh run', `mkfifo ${flag}.pipe\n${server}\ncat ${flag}.pipe`));
  assert.ok(ok, output);
  for (let tries = 0; tries < 200 && !existsSync(flag); tries++) await setTimeout(50);
  assert.ok(existsSync(flag));
});

test('blocks that share a shell see what came before, and the first that fails is the one told', async () => {
  const markdown = [
    '<!-- run: shared -->',
    block('sh run', 'a=1'),
    block('sh run', 'test $a = 2'),
    block('sh run', 'true'),
  ];
  assert.ok(sharesOneShell(markdown.join('\n')));
  const outcomes = await runSession(findExamples(markdown.join('\n')), elsewhere);
  assert.deepEqual(
    [...outcomes.values()].map(({ ok }) => ok),
    [true, false, false],
  );
  const fine = findExamples(block('sh run', 'a=1') + block('sh run', 'test $a = 1'));
  assert.deepEqual(
    [...(await runSession(fine, elsewhere)).values()].map(({ ok }) => ok),
    [true, true],
  );
});

test('a block that no check would reach is refused', () => {
  assert.deepEqual(findExamples('- item\n  ```sh run\n  echo\n  ```\n'), [
    { line: 2, language: 'sh', run: true, code: 'echo\n' },
  ]);
  assert.throws(() => findExamples(block('bash', 'true')), /line 3: write sh for bash/);
  assert.throws(() => findExamples(block('ts runs', 'true')), /line 3: the only mark is "run"/);
  assert.throws(() => findExamples('```sh\ntrue\n'), /line 1: this block is not closed/);
});
