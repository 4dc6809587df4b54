import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';
import { openapi } from '@businessos/contract';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { DOCS_CSP, docsPage, findDocsAsset } from '../src/docs/docs-page.ts';
import { assets } from '../src/pages/assets.ts';

const VOID = new Set(['link', 'meta', '!doctype']);
const shell = docsPage({ title: 'The API', document: '/openapi.json', here: true });
const loaded = [...shell.matchAll(/<(?:link|script)[^>]* (?:href|src)="([^"]*)"/g)].map(([, path = '']) => path);
const scalar = loaded.find((path) => path.startsWith('/assets/scalar.')) ?? '';

test('the shell is well-formed and says what it was told, escaped', () => {
  const odd = docsPage({ title: '</title><script>"&\'', document: '/a"b', here: false });
  for (const text of [shell, odd]) {
    const inside: string[] = [];
    for (const [, slash, name = ''] of text.matchAll(/<(\/?)([!\w]+)(?:\s[^<>]*)?>/g)) {
      if (slash) assert.equal(inside.pop(), name);
      else if (!VOID.has(name)) inside.push(name);
    }
    assert.deepEqual(inside, []);
    assert.doesNotMatch(text, /<style|<script>|\son\w+=| style=/);
  }
  assert.match(shell, /<title>The API<\/title>[\s\S]* data-url="\/openapi.json" data-here>/);
  assert.match(odd, /<title>&#60;\/title&#62;&#60;script&#62;&#34;&#38;&#39;<\/title>/);
  assert.doesNotMatch(odd, /data-here/);
});

test('the policy lets nothing in from another origin, and neither inline script nor eval', () => {
  const policy: Record<string, string[]> = Object.fromEntries(
    DOCS_CSP.split('; ').map((one) => [one.split(' ')[0], one.split(' ').slice(1)]),
  );
  const { 'trusted-types': names, ...rest } = policy;
  assert.deepEqual(names, ['vue', 'default']);
  for (const [name, sources] of Object.entries(rest))
    for (const source of sources) assert.match(source, /^'(?:none|self|script|unsafe-inline)'$/, name);
  assert.deepEqual(policy['default-src'], ["'none'"]);
  assert.deepEqual(policy['script-src'], ["'self'"]);
  assert.deepEqual(policy['connect-src'], ["'self'"]);
});

test('everything that the shell loads is a file of this installation', async () => {
  assert.equal(loaded.length, 5);
  for (const path of loaded) assert.ok(assets.has(path) || (await findDocsAsset(path, undefined)), path);
  assert.equal(await findDocsAsset('/assets/scalar.js', 'br'), undefined);
});

test('Scalar goes out as it is kept to a client that takes brotli, and plain to any other', async () => {
  const packed = await findDocsAsset(scalar, 'gzip, deflate, br, zstd');
  assert.equal(packed?.type, 'text/javascript; charset=utf-8');
  assert.equal(packed.encoding, 'br');
  const plain = brotliDecompressSync(packed.body);
  for (const takes of ['br', 'BR', 'br;q=1', 'br; q=0.5', 'gzip;q=1.0,br;q=0.001,*;q=0'])
    assert.equal((await findDocsAsset(scalar, takes))?.encoding, 'br', takes);
  for (const not of [undefined, '', 'gzip', 'br;q=0', 'br;q=0.000', 'gzip, br; q=0', 'brx', 'x-br', '*']) {
    const asset = await findDocsAsset(scalar, not);
    assert.equal(asset?.encoding, undefined, not);
    assert.ok(asset?.body.equals(plain), not);
  }
});

test('Scalar is the file whose hash its licence note names', async () => {
  const note = readFileSync(join(import.meta.dirname, '../assets/scalar.md'), 'utf8');
  const { body } = (await findDocsAsset(scalar, undefined)) ?? {};
  assert.ok(body && note.includes(`sha256 \`${createHash('sha256').update(body).digest('hex')}\``));
});

/** The page at a tenant's address, with the document of the contract. What is asked of the API is kept. */
const asked: { path: string; headers: IncomingHttpHeaders }[] = [];
const server = createServer(async ({ url = '', headers }, response) => {
  const file = assets.get(url);
  const asset = file ? { type: file.type, body: file.file } : await findDocsAsset(url, headers['accept-encoding']);
  const answer = (type: string, body: Buffer | string, more: Record<string, string> = {}) =>
    response.writeHead(200, { 'Content-Type': type, ...more }).end(body);
  if (asset) {
    const { type, body } = asset;
    answer(type, body, 'encoding' in asset && asset.encoding ? { 'Content-Encoding': asset.encoding } : {});
  } else if (url === '/docs') {
    answer('text/html', shell, { 'Content-Security-Policy': DOCS_CSP, 'Set-Cookie': 'session=1; HttpOnly; Path=/' });
  } else if (url === '/openapi.json') answer('application/json', JSON.stringify(description));
  else {
    asked.push({ path: url, headers });
    answer('application/json', '{"items":[{"name":"Ada Byron"}],"next":null}');
  }
});
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
const { port } = server.address() as AddressInfo;
const origin = `http://acme.bos.localhost:${port}`;
const description = openapi({ version: '0.1.0', baseDomain: 'bos.localhost', scheme: 'http', port });
const operations = Object.entries(description['paths'] as Record<string, object>).flatMap(([path, methods]) =>
  Object.keys(methods).flatMap((method) => (method === 'servers' ? [] : [`${method} ${path}`])),
);

const programs = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = [process.env['CHROME_PATH'] ?? '', ...programs].find((path) => existsSync(path));
const skip = executablePath === undefined && 'no Chromium: set CHROME_PATH';
let browser: Promise<Browser> | undefined;
after(async () => {
  await (await browser)?.close();
  server.close();
  server.closeAllConnections();
});

/** Opens the page in a browser that resolves no name of the Internet; `wrong` grows with what should not happen. */
async function open(
  options: BrowserContextOptions,
  prepare?: (page: Page) => Promise<unknown>,
): Promise<{ page: Page; wrong: string[]; close(): Promise<void> }> {
  assert.ok(executablePath);
  const args = ['--no-sandbox', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE *.localhost'];
  browser ??= chromium.launch({ executablePath, args });
  const context = await (await browser).newContext(options);
  const page = await context.newPage();
  const wrong: string[] = [];
  context.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) wrong.push(`request to ${request.url()}`);
  });
  page.on('pageerror', (error) => wrong.push(`error ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') wrong.push(`console ${message.text()}`);
  });
  await page.exposeFunction('violated', (what: string) => wrong.push(`violation of ${what}`));
  await page.addInitScript(
    "addEventListener('securitypolicyviolation', (event) => violated(event.violatedDirective + ' ' + event.blockedURI))",
  );
  await prepare?.(page);
  await page.goto(`${origin}/docs`);
  return { page, wrong, close: () => context.close() };
}

test('offline, the page shows every operation by its path, and nothing goes wrong', { skip }, async () => {
  const { page, wrong, close } = await open({ viewport: { width: 1440, height: 900 } });
  await page.getByRole('heading', { level: 1, name: 'BusinessOS' }).waitFor();
  // What is far below is drawn when it comes near.
  const names = (await page.evaluate(`(async () => {
    for (let frame = 0; frame < 2000; frame++) {
      const found = [...document.querySelectorAll('.show-api-client-button')].map((button) => button.textContent);
      if (found.length >= ${operations.length}) return found;
      scrollBy(0, 1000);
      await new Promise(requestAnimationFrame);
    }
    return [];
  })()`)) as string[];
  const shown = names.map((name) => /\((.*)\)/.exec(name)?.[1]);
  assert.deepEqual(shown.toSorted(), operations.toSorted());
  assert.deepEqual(wrong, []);
  await close();
});

test('a request from the page goes to its own origin, with the token that was typed and no cookie', {
  skip,
}, async () => {
  const { page, wrong, close } = await open({ viewport: { width: 1440, height: 900 } });
  await page.getByPlaceholder('Token').click();
  await page.keyboard.type('a.b.c');
  await page.getByRole('button', { name: 'Test Request (get /v1/contacts)', exact: true }).click();
  await page.getByRole('button', { name: /^Send \w+ request to/ }).click();
  await page.getByText('"Ada Byron"').waitFor();
  const [only, ...more] = asked.splice(0).filter(({ path }) => path.startsWith('/v1/'));
  assert.deepEqual(more, []);
  assert.match(only?.path ?? '', /^\/v1\/contacts(?:\?|$)/);
  assert.equal(only?.headers.authorization, 'Bearer a.b.c');
  assert.equal(only?.headers.cookie, undefined);
  assert.deepEqual(wrong, []);
  await close();
});

test('what another host serves is not sent; the page says where to go', { skip }, async () => {
  const { page, wrong, close } = await open({ viewport: { width: 1440, height: 900 } });
  await page.getByRole('link', { name: /^List tenants/ }).click();
  await page.getByRole('button', { name: 'Test Request (get /v1/operator/tenants)', exact: true }).click();
  await page.getByRole('button', { name: /^Send \w+ request to/ }).click();
  await page.getByText(`open http://operator.bos.localhost:${port}/docs to try it`).first().waitFor();
  assert.deepEqual(
    asked.filter(({ path }) => path.startsWith('/v1/')),
    [],
  );
  assert.deepEqual(
    wrong.filter((what) => !what.startsWith('console Error: This is served at')),
    [],
  );
  await close();
});

test('where a part is missing, the page says so and still links the document', { skip }, async () => {
  for (const missing of [scalar, '/openapi.json']) {
    const { page, close } = await open({}, (opened) => opened.route(`**${missing}`, (route) => route.abort()));
    await page.getByText('This page could not be loaded').waitFor();
    assert.equal(await page.getByRole('link').getAttribute('href'), '/openapi.json');
    await close();
  }
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1440, 390]) {
    test(`axe finds nothing on the page as it opens, ${colorScheme}, ${width} px`, { skip }, async () => {
      const { page, wrong, close } = await open({ colorScheme, viewport: { width, height: 900 } });
      await page.getByText('/v1/contacts/{id}').first().waitFor();
      await page.evaluate(axe.source);
      const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
      const found = await page.evaluate(
        `axe.run({ runOnly: ${JSON.stringify(tags)} }).then(({ violations }) =>
          violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => id + ' ' + target)))`,
      );
      assert.deepEqual(found, []);
      await page.setViewportSize({ width: 320, height: 900 });
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 320);
      assert.deepEqual(wrong, []);
      await close();
    });
  }
}
