import type { Report } from './report.ts';
import { spreadText } from './spread.ts';

const WIDTH = 760;
const LEFT = 170;
const RIGHT = 225;
const ROW = 22;
const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .bar { fill: #54718f }
  .baseline { fill: #a9b4bf }
  .spread { stroke: #1f2328; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .bar { fill: #7ea6cf }
    .baseline { fill: #57606a }
    .spread { stroke: #e6edf3 }
  }`;

/** Draws every case as horizontal bars of its medians, each with a line from its least to its most. */
export function plot({ bench, results }: Pick<Report, 'bench' | 'results'>): string {
  const parts: string[] = [];
  let y = 10;
  for (const [title, group] of Map.groupBy(results, (result) => `${result.case} · ${result.unit}`)) {
    y += 20;
    parts.push(`<text class="title" x="10" y="${y}">${escaped(title)}</text>`);
    y += 8;
    const most = Math.max(...group.map(({ value }) => value.most));
    const x = (value: number) => (LEFT + (value / most) * (WIDTH - LEFT - RIGHT)).toFixed(1);
    for (const { contender, value, ratio } of group) {
      const middle = y + ROW / 2;
      const kind = ratio?.least === 1 && ratio.most === 1 ? 'baseline' : 'bar';
      const label = spreadText(value) + (kind === 'bar' && ratio ? ` · ×${ratio.median.toPrecision(2)}` : '');
      parts.push(
        `<text x="10" y="${middle + 4}">${escaped(contender)}</text>`,
        `<rect class="${kind}" x="${LEFT}" y="${y + 3}" width="${(Number(x(value.median)) - LEFT).toFixed(1)}" height="${ROW - 6}" />`,
        `<line class="spread" x1="${x(value.least)}" x2="${x(value.most)}" y1="${middle}" y2="${middle}" />`,
        `<text x="${WIDTH - RIGHT + 10}" y="${middle + 4}">${escaped(label)}</text>`,
      );
      y += ROW;
    }
  }
  const height = y + 14;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(bench)}">
<style>${STYLE}
</style>
${parts.join('\n')}
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
