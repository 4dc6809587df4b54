import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Machine } from './machine.ts';
import type { Outcome, Result } from './outcome.ts';
import { plot } from './plot.ts';
import { type Spread, short, spreadText } from './spread.ts';

/** A bench's outcome with its name and the machine. */
export interface Report extends Outcome {
  bench: string;
  machine: Machine;
}

const FOLDER = new URL('../../docs/benchmarks/', import.meta.url);

/** The one object of `--json`; figures with four significant digits. */
export function asJson({ bench, machine, rounds, results, bars, notes }: Report): object {
  return {
    bench,
    machine,
    rounds,
    results: results.map((result) => ({
      ...result,
      value: rounded(result.value),
      ...(result.ratio && { ratio: rounded(result.ratio) }),
      ...(result.clientUs !== undefined && { clientUs: short(result.clientUs) }),
      ...(result.serverUs !== undefined && { serverUs: short(result.serverUs) }),
    })),
    bars: bars.map(({ name, value, bar, ok }) => ({ name, value, bar, ok })),
    notes,
  };
}

/** A table for the terminal. */
export function asText(report: Report): string {
  const lines = [`${report.bench}: ${report.rounds} rounds · ${machineLine(report.machine)}`, ''];
  for (const [title, rows] of tables(report.results)) lines.push(title, ...columns(rows).map((row) => `  ${row}`), '');
  lines.push(...columns(barRows(report)).map((row) => `  ${row}`), '', ...report.notes.map((note) => `  ${note}`), '');
  return `${lines.join('\n')}\n`;
}

/** Writes table and plot below docs/benchmarks; returns the paths. */
export function writeReport(report: Report, args: readonly string[]): string[] {
  mkdirSync(FOLDER, { recursive: true });
  const [table, picture] = [new URL(`${report.bench}.md`, FOLDER), new URL(`${report.bench}.svg`, FOLDER)];
  writeFileSync(table, asMarkdown(report, args));
  writeFileSync(picture, plot(report));
  return [fileURLToPath(table), fileURLToPath(picture)];
}

function asMarkdown(report: Report, args: readonly string[]): string {
  const { bench, machine, rounds, results, notes } = report;
  const parts = [
    `# ${bench}`,
    '',
    `Made by \`npm run bench -- ${args.join(' ')}\` on ${machineLine(machine)}; ${rounds} ${rounds === 1 ? 'round' : 'rounds'}.`,
    '',
    `![${bench}](${bench}.svg)`,
    '',
    ...markdownTable(barRows(report)),
    '',
  ];
  for (const [title, rows] of tables(results)) parts.push(`## ${title}`, '', ...markdownTable(rows), '');
  parts.push('Median (least to most).', '', ...notes.map((note) => `- ${note}`), '');
  return parts.join('\n');
}

/** One table a case: header and rows; columns that nobody fills are left out. */
function tables(results: readonly Result[]): [title: string, rows: string[][]][] {
  const cases = Map.groupBy(results, (result) => result.case);
  return [...cases].map(([title, group]) => {
    const all: [string, (result: Result) => string | undefined][] = [
      ['contender', ({ contender }) => contender],
      [group[0]?.unit ?? '', ({ value }) => spreadText(value)],
      ['ratio', ({ ratio }) => ratio && spreadText(ratio)],
      ['client µs', ({ clientUs }) => clientUs?.toFixed(0)],
      ['server µs', ({ serverUs }) => serverUs?.toFixed(0)],
    ];
    const used = all.filter(([, cell]) => group.some((result) => cell(result) !== undefined));
    return [
      title,
      [used.map(([heading]) => heading), ...group.map((result) => used.map(([, cell]) => cell(result) ?? ''))],
    ];
  });
}

function barRows({ bars }: Report): string[][] {
  return [
    ['bar', 'value', 'must be', ''],
    ...bars.map(({ name, value, bar, ok, spread, sense }) => [
      name,
      spread ? spreadText({ ...spread, median: value }) : String(value),
      `${sense} ${bar}`,
      ok ? 'ok' : 'MISSED',
    ]),
  ];
}

function markdownTable([head = [], ...rows]: string[][]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

function columns(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function rounded({ median, least, most }: Spread): Spread {
  return { median: short(median), least: short(least), most: short(most) };
}

function machineLine({ cpu, cores, memoryGb, os, node, postgres }: Machine): string {
  return `${cores} × ${cpu}, ${memoryGb} GB, ${os}, Node ${node}, PostgreSQL ${postgres}`;
}
