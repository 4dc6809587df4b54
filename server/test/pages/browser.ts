import { existsSync } from 'node:fs';

/** The system's Chromium: `CHROME_PATH`, else where distributions put it; undefined where there is none. */
export function findChromium(): string | undefined {
  const usual = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  return [process.env['CHROME_PATH'] ?? '', ...usual].find((path) => path !== '' && existsSync(path));
}
