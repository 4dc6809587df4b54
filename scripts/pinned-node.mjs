/**
 * `node scripts/pinned-node.mjs FILE ARGS…` runs a TypeScript file on the Node that this repository pins (the npm package
 * `node`), whichever Node reads this line: plain JavaScript, so that an old one can say what is missing.
 */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NEEDED = 24;
const root = fileURLToPath(new URL('..', import.meta.url));
const windows = process.platform === 'win32';
const [, , file = '', ...args] = process.argv;
const pinned = join(root, 'node_modules/node/bin', windows ? 'node.exe' : 'node');

if (Number.parseInt(process.versions.node, 10) >= NEEDED) {
  process.argv.splice(1, 2, resolve(file));
  await import(pathToFileURL(resolve(file)).href);
} else if (existsSync(pinned)) {
  const child = spawn(pinned, [resolve(file), ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143);
  });
} else {
  console.error(`This needs Node ${NEEDED} and runs on ${process.version}.`);
  console.error('Run "npm ci": it installs the pinned Node into node_modules. Where npm runs no install scripts,');
  console.error('"npm rebuild node" fetches it.');
  process.exitCode = 1;
}
