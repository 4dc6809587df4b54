/** Finds the fenced ts and sh blocks of a Markdown text, and runs them. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort } from '@businessos/tenancy/embedded';

export type Example = {
  /** 1-based line of the opening fence. */
  readonly line: number;
  readonly language: 'ts' | 'sh';
  /** True for a block marked `run`; the others are checked for syntax only. */
  readonly run: boolean;
  readonly code: string;
};

export type Outcome = { readonly ok: boolean; readonly output: string };

const ROOT = join(import.meta.dirname, '..');
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const TIMEOUT_MS = 180_000;
const ALIASES = new Map([
  ['typescript', 'ts'],
  ['js', 'ts'],
  ['bash', 'sh'],
  ['shell', 'sh'],
]);

/**
 * Lists the ts and sh blocks of a Markdown text, indented ones too.
 * @throws Error for a block that would never be checked: left open, another name of ts or sh, a mark that is not `run`.
 */
export function findExamples(markdown: string): Example[] {
  const examples: Example[] = [];
  const lines = markdown.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const [, indent = '', fence = '', info = ''] = /^(\s*)(`{3,})([^`]*)$/.exec(lines[at] ?? '') ?? [];
    if (fence === '') continue;
    const line = at + 1;
    const end = lines.findIndex((candidate, index) => index > at && candidate.trim() === fence);
    if (end < 0) throw new Error(`line ${line}: this block is not closed`);
    const [language = '', ...marks] = info.trim().split(/\s+/);
    const alias = ALIASES.get(language);
    if (alias) throw new Error(`line ${line}: write ${alias} for ${language}, so that the block is checked`);
    if (language === 'ts' || language === 'sh') {
      if (marks.join(' ') !== '' && marks.join(' ') !== 'run') throw new Error(`line ${line}: the only mark is "run"`);
      const code = lines
        .slice(line, end)
        .map((inside) => (inside.startsWith(indent) ? inside.slice(indent.length) : inside));
      examples.push({ line, language, run: marks.length > 0, code: `${code.join('\n')}\n` });
    }
    at = end;
  }
  return examples;
}

/** True where the sh blocks marked `run` share one shell, in the order of the text. */
export function sharesOneShell(markdown: string): boolean {
  return /^<!-- run: shared(?:, beside npm start)? -->$/m.test(markdown);
}

/** True where they run beside the demo, as a reader's second terminal does. */
export function needsDemo(markdown: string): boolean {
  return markdown.includes('<!-- run: shared, beside npm start -->');
}

/** Starts the demo on data of its own and waits until it is ready. Port 8080 of the text becomes `port`. */
export async function startDemo(
  dataDir: string,
): Promise<{ env: NodeJS.ProcessEnv; port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const env = { ...process.env, BOS_DATA: dataDir, PORT: String(port) };
  delete (env as NodeJS.ProcessEnv)['NODE_TEST_CONTEXT'];
  const server = spawn(process.execPath, [join(ROOT, 'cli/src/bos.ts'), 'serve', '--demo'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(server, 'exit');
  let screen = '';
  for await (const chunk of server.stdout) {
    screen += String(chunk);
    if (screen.includes('Start afresh')) break;
  }
  if (!screen.includes('Start afresh')) throw new Error(`the demo did not start: ${screen}`);
  return {
    env,
    port,
    stop: async () => {
      server.kill('SIGTERM');
      await exit;
    },
  };
}

/**
 * Runs a program with the repository's own commands first in PATH. Whatever it started in the background is ended with
 * it, so that an example may start a server.
 */
export async function runProgram(
  command: string,
  args: readonly string[],
  cwd: string,
  base: NodeJS.ProcessEnv = process.env,
): Promise<Outcome> {
  const env: NodeJS.ProcessEnv = {
    ...base,
    PATH: [join(ROOT, 'node_modules/.bin'), base['PATH']].join(delimiter),
  };
  delete env['NODE_TEST_CONTEXT'];
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    } catch {
      // Nothing of the group is left.
    }
  };
  const timer = setTimeout(end, TIMEOUT_MS);
  const stop = (): void => {
    end();
    process.exit(1);
  };
  for (const signal of SIGNALS) process.once(signal, stop);
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code, signal] = await once(child, 'exit');
  clearTimeout(timer);
  end();
  for (const name of SIGNALS) process.off(name, stop);
  return { ok: code === 0, output: `${(await output).join('')}\n(exit ${code ?? signal})` };
}

/**
 * Runs blocks as one script of one shell, and tells how each fared: those before the one that failed are fine, those
 * after it never ran.
 */
export async function runSession(
  blocks: readonly Example[],
  cwd: string,
  demo?: { env: NodeJS.ProcessEnv; port: number },
): Promise<Map<Example, Outcome>> {
  const mark = (index: number): string => `--- block ${index} ---`;
  const ported = (code: string) => (demo ? code.replaceAll('8080', String(demo.port)) : code);
  const script = blocks.map(({ code }, index) => `printf '\\n%s\\n' '${mark(index)}'\n${ported(code)}`);
  const { ok, output } = await runProgram(
    'bash',
    ['-euo', 'pipefail', '-c', `exec 2>&1\n${script.join('')}`],
    cwd,
    demo?.env,
  );
  const reached = blocks.filter((_, index) => output.includes(mark(index))).length;
  return new Map(
    blocks.map((block, index) => {
      const [, rest = 'never ran'] = output.split(mark(index));
      const [own = ''] = rest.split(mark(index + 1));
      return [block, { ok: index < reached - 1 || (index === reached - 1 && ok), output: own }];
    }),
  );
}
