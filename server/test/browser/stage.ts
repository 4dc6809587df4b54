import assert from 'node:assert/strict';
import { after } from 'node:test';
import type { MailKind } from '@businessos/contract';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { callRoute } from '../client.ts';
import { findChromium } from '../pages/browser.ts';
import { fromNewAddress, openStage, PASSWORD, type Stage } from '../routes/stage.ts';

/** A server with two tenants, and one Chromium for all tests of a file. */
export interface House extends Stage {
  /** Opens a page in a browser that was here never before, from an address of its own. */
  visit(options?: BrowserContextOptions): Promise<Page>;
  /** The address of a host (`''` for the base, `id`, a slug) and path. */
  at(label: string, path?: string): string;
  /** The link of the newest mail to an address. */
  mailedTo(email: string, kind: MailKind): Promise<string>;
}

const executablePath = findChromium();
export const skip = executablePath === undefined && 'no chromium: set CHROME_PATH';
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What Chromium reported of pages that a test opened: faults of scripts, of the policy, and files that did not come. */
const faults: string[] = [];
/** Pages that axe has seen, by path and title. */
const seen = new Set<string>();

let browser: Browser | undefined;
after(async () => {
  await browser?.close();
});

/** Starts server and Chromium; both end with the test file, which fails when a page had a fault. */
export async function openHouse(): Promise<House> {
  const stage = await openStage();
  browser = await chromium.launch({ executablePath: executablePath as string, args: ['--no-sandbox'] });
  const { port } = stage.server;
  const id = `id.bos.localhost:${port}`;
  return {
    ...stage,
    at: (label, path = '/') => `http://${label === '' ? '' : `${label}.`}bos.localhost:${port}${path}`,
    visit: async (options = {}) => {
      const [name, address] = fromNewAddress();
      const context = await (browser as Browser).newContext({ ...options, extraHTTPHeaders: { [name]: address } });
      context.setDefaultTimeout(20_000);
      const page = await context.newPage();
      watch(page);
      return page;
    },
    mailedTo: async (email, kind) => {
      for (let tries = 0; tries < 1_500; tries++) {
        const { items } = (await callRoute(port, 'GET /v1/outbox', { host: id })).ok;
        const mail = items.find((item) => item.email === email && item.kind === kind);
        if (mail) return mail.body.url;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.fail(`no mail came to ${email}`);
    },
  };
}

/** Collects what a page reports; a document that answers 401 or 410 is no fault, a file that does is. */
function watch(page: Page): void {
  page.on('console', (message) => {
    const document = message.text().startsWith('Failed to load resource') && message.location().url === page.url();
    if (['error', 'warning'].includes(message.type()) && !document) faults.push(`${page.url()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`${page.url()}: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400 && response.request().resourceType() !== 'document') {
      faults.push(`${response.status()} ${response.url()}`);
    }
  });
}

/** Fails when a page reported anything since the last look. */
export function assertNoFaults(): void {
  assert.deepEqual(faults.splice(0), []);
}

/** Waits for the page with this title, and has axe look at it once. */
export async function on(page: Page, title: string): Promise<void> {
  await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
  const { pathname } = new URL(page.url());
  const name = `${pathname} ${title}`.replace(/[\w.-]{40,}|q[0-9a-f]{10}z/g, '…'); // tokens and markers
  if (seen.has(name)) return;
  seen.add(name);
  await page.evaluate(axe.source);
  const found: string[] = await page.evaluate(
    `axe.run(${JSON.stringify({ runOnly: TAGS, resultTypes: ['violations'] })}).then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map((one) => id + ': ' + one.target)))`,
  );
  assert.deepEqual(found, [], name);
}

export async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
}

export async function follow(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole('link', { name, ...(typeof name === 'string' && { exact: true }) }).click();
}

/** Fills the sign-in form that is open and sends it. */
export async function signIn(page: Page, email: string, password: string = PASSWORD): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await press(page, 'Sign in');
}

/** The value of a cookie that this browser keeps for a page, as no script of the page could read it. */
export async function cookieOf(page: Page, url: string, name: string): Promise<string | undefined> {
  return (await page.context().cookies(url)).find((cookie) => cookie.name === name)?.value;
}
