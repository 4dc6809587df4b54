import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { hashOf, newOpaque, newTenantOpaque, parseOpaque, parseTenantOpaque } from '../../src/identity/opaque.ts';

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** All texts that decode to the same 32 bytes. */
function spellings(text: string): string[] {
  const bytes = Buffer.from(text, 'base64url');
  return [...BASE64URL]
    .map((last) => text.slice(0, -1) + last)
    .filter((other) => bytes.equals(Buffer.from(other, 'base64url')));
}

test('a secret is found by the hash of its one spelling', () => {
  const text = newOpaque();
  assert.match(text, /^[A-Za-z0-9_-]{43}$/);
  assert.notEqual(newOpaque(), text);
  assert.deepEqual(parseOpaque(text), createHash('sha256').update(text).digest());
  assert.deepEqual(parseOpaque(text), hashOf(text));
  const others = spellings(text).filter((other) => other !== text);
  assert.equal(others.length, 3);
  for (const other of [
    ...others,
    '',
    `${text}=`,
    `${text}\n`,
    ` ${text}`,
    text.slice(1),
    `${text}A`,
    `+${text.slice(1)}`,
  ]) {
    assert.equal(parseOpaque(other), undefined, other);
  }
});

test('a tenant’s secret tells its tenant, and its hash is of the whole', () => {
  const [a, b] = [randomUUID(), randomUUID()];
  const text = newTenantOpaque(a);
  assert.match(text, /^[0-9a-f]{32}\.[A-Za-z0-9_-]{43}$/);
  assert.deepEqual(parseTenantOpaque(text), { tenantId: a, hash: hashOf(text) });
  const secret = text.slice(33);
  const moved = `${b.replaceAll('-', '')}.${secret}`;
  assert.equal(parseTenantOpaque(moved)?.tenantId, b);
  assert.notDeepEqual(parseTenantOpaque(moved)?.hash, hashOf(text));
  const others = spellings(secret).filter((other) => other !== secret);
  for (const other of [
    ...others.map((spelt) => text.slice(0, 33) + spelt),
    secret,
    `${a}.${secret}`,
    `${text.slice(0, 32).toUpperCase().replace(/^./, 'A')}.${secret}`,
    `${text}\n`,
    text.replace('.', '_'),
  ]) {
    assert.equal(parseTenantOpaque(other), undefined, other);
  }
});
