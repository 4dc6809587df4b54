import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { assetPath, assets } from '../../src/pages/assets.ts';

test('the path of an asset names its content', () => {
  assert.ok(assets.size >= 5);
  for (const [path, { file }] of assets) {
    const hash = createHash('sha256').update(file).digest('base64url').slice(0, 12);
    assert.ok(path.includes(`.${hash}.`), path);
  }
});

test('a style sheet names only files that are served, and nothing on another host', () => {
  for (const [path, { file, type }] of assets) {
    if (!type.startsWith('text/css')) continue;
    for (const [, url = ''] of file.toString().matchAll(/url\("([^"]*)"\)/g)) {
      assert.ok(assets.has(url) || url.startsWith('data:image/svg+xml,'), `${path}: ${url}`);
    }
    assert.doesNotMatch(file.toString(), /@import/);
  }
});

test('the fonts are served as fonts', () => {
  for (const name of ['inter-latin.woff2', 'inter-latin-ext.woff2'] as const) {
    const asset = assets.get(assetPath(name));
    assert.equal(asset?.type, 'font/woff2');
    assert.equal(asset?.file.subarray(0, 4).toString(), 'wOF2');
  }
});
