import { type Config, createLog, openPlatform, type Platform, readConfig } from '@businessos/server';

/** Prints one JSON value, or the lines of the readable form. */
export function print(json: boolean | undefined, value: unknown, lines: () => string[]): void {
  process.stdout.write(json ? `${JSON.stringify(value, undefined, 2)}\n` : `${lines().join('\n')}\n`);
}

/** Says why a command could not be done, in one line, and ends with exit code 1. */
export function fail(error: unknown): never {
  const { message, errors } = error as Error & { errors?: { field: string; problem: string; fix: string }[] };
  process.stderr.write(`bos: ${message}\n`);
  for (const { field, problem, fix } of errors ?? []) process.stderr.write(`  ${field} ${problem}: ${fix}\n`);
  if (process.env['LOG_LEVEL'] === 'debug') process.stderr.write(`${(error as Error).stack}\n`);
  process.exit(1);
}

/** Lays rows out in columns. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Opens the platform for one command; an embedded database that was not running is stopped again. */
export async function withPlatform<T>(work: (platform: Platform, config: Config) => Promise<T>): Promise<T> {
  const config = readConfig();
  const platform = await openPlatform(config, createLog({ logLevel: 'silent' }));
  try {
    return await work(platform, config);
  } finally {
    await platform.end();
    if (platform.database.embedded?.started) await platform.database.embedded.stop();
  }
}
