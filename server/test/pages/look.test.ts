import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { assets } from '../../src/pages/assets.ts';
import { PAGE_CSP } from '../../src/pages/layout.ts';
import { findChromium } from './browser.ts';
import { samples } from './samples.ts';

const executablePath = findChromium();
const skip = executablePath === undefined && 'no chromium: set CHROME_PATH';
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Run in the page: how wide it is, what sticks out of it, and whether its own font came through the policy. */
const SEEN = `document.fonts.ready.then(() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  const wide = [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > clientWidth + 1);
  return {
    scrollWidth,
    outside: wide.map((one) => one.outerHTML.slice(0, 80)),
    font: [...document.fonts].some(({ family, status }) => family.includes('Inter Variable') && status === 'loaded'),
  };
})`;

let server: Server;
let browser: Browser;
let page: Page;
let base: string;
/** What the page was refused by its policy, or did not get, since it was opened. */
let faults: string[] = [];

before(async () => {
  if (executablePath === undefined) return;
  server = createServer((request, response) => {
    const asset = assets.get(request.url ?? '');
    const sample = samples.find(({ name }) => request.url === `/${name}`);
    const [status, type, body] = asset
      ? [200, asset.type, asset.file]
      : sample
        ? [200, 'text/html; charset=utf-8', sample.render()]
        : [404, 'text/plain', ''];
    response.writeHead(status, {
      'Content-Type': type,
      'Content-Security-Policy': PAGE_CSP,
      'X-Content-Type-Options': 'nosniff',
    });
    response.end(body);
  }).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  page = await browser.newPage();
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('response', (response) => response.status() >= 400 && faults.push(`${response.status()} ${response.url()}`));
});

after(async () => {
  await browser?.close();
  server?.close();
});

for (const { name } of samples) {
  test(`${name} has nothing for axe to find, in light and dark, wide and narrow`, { skip }, async () => {
    await open(name);
    await page.evaluate(axe.source);
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        assert.deepEqual(await findings(), [], `${colorScheme}, ${width} px`);
      }
    }
  });

  test(`${name} keeps its policy, has its font, and scrolls in one direction at 320 px`, { skip }, async () => {
    await page.setViewportSize({ width: 320, height: 640 });
    await open(name);
    assert.deepEqual(await page.evaluate(SEEN), { scrollWidth: 320, outside: [], font: true });
    assert.deepEqual(faults, []);
  });
}

test('a browser refuses an inline style here, so that a page without a fault has none', { skip }, async () => {
  await open('signed-out');
  await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '<p style="color: red">')`);
  assert.match(faults.join('\n'), /Content Security Policy/);
});

async function open(name: string): Promise<void> {
  faults = [];
  await page.goto(`${base}/${name}`);
}

/** Rule and element of each finding. */
async function findings(): Promise<string[]> {
  return page.evaluate(`axe.run(${JSON.stringify({ runOnly: TAGS, resultTypes: ['violations'] })}).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map((one) => id + ': ' + one.target + ' ' + one.failureSummary)))`);
}
