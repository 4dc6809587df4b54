import { type Code, problem, type RouteKey } from '@businessos/contract';
import { type Answer, callRoute } from '../client.ts';
import { type Column, columnsOf, placeOf } from './columns.ts';
import { routesOf, samples, withoutSample } from './samples.ts';
import { fromNewAddress, type Stage } from './stage.ts';

/** What one asker was answered at one route: `200`, or status and code; `-` where nobody asks so. */
export interface Cell {
  route: RouteKey;
  column: string;
  answer: string;
}

/** Codes that say with their status what is meant need no more words. */
const SHORT: Partial<Record<Code, string>> = {
  CREDENTIAL_MISSING: '401 none',
  CREDENTIAL_INVALID: '401 invalid',
  STEP_UP_NEEDED: '401 step-up',
  PERMISSION_MISSING: '403 role',
  TENANT_SUSPENDED: '403 suspended',
  CROSS_ORIGIN: '403 origin',
  NOT_FOUND: '404',
};

/** Asks every route of the document as everybody, each cell for real. @throws Error naming routes without a sample. */
export async function runMatrix(stage: Stage, document: unknown): Promise<Cell[]> {
  const missing = withoutSample(document);
  if (missing.length > 0) throw new Error(`no row in samples.ts: ${missing.join(', ')}`);
  const columns = await columnsOf(stage);
  const cells: Cell[] = [];
  for (const route of routesOf(document) as RouteKey[]) {
    for (const [column, make] of Object.entries(columns))
      cells.push({ route, column, answer: await ask(stage, document, route, make) });
  }
  return cells;
}

async function ask(stage: Stage, document: unknown, route: RouteKey, make: Column): Promise<string> {
  const { server, home } = stage;
  const place = placeOf(document, route);
  const named = place === 'id' || place === 'operator' ? `${place}.bos.localhost:${server.port}` : home.host;
  const actor = await make(stage, { place, host: named, unsafe: !route.startsWith('GET ') });
  if (actor === undefined) return '-';
  const input = await samples[route](stage, actor.member);
  const host = actor.tenant?.host ?? named;
  const headers = [fromNewAddress(), ...(actor.headers ?? [])];
  return shown(await callRoute(server.port, route, { host, token: actor.token ?? null, ...input, headers }));
}

function shown({ status, text }: Answer): string {
  if (status < 400) return String(status);
  const { code } = problem.parse(JSON.parse(text));
  return SHORT[code] ?? `${status} ${code}`;
}

/** Writes the cells as a table, one line a route, columns aligned. */
export function tableOf(cells: readonly Cell[]): string[] {
  const names = [...new Set(cells.map(({ column }) => column))];
  const rows = [...new Set(cells.map(({ route }) => route))].map((route) => [
    route,
    ...names.map((name) => cells.find((cell) => cell.route === route && cell.column === name)?.answer ?? '-'),
  ]);
  const lines = [['route', ...names], ...rows];
  const widths = lines[0]?.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0))) ?? [];
  return lines.map((line) =>
    line
      .map((text, at) => text.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
