import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { type HostOptions, headerValues, parseHost, parseTarget, readTenantHeader } from '../../src/http/host.ts';

const options: HostOptions = { baseDomain: 'bos.example', port: 8080, production: true };
const behindTls: HostOptions = { ...options, port: 443 };

/** The table of odd Hosts: none of them may reach a look-up. */
const odd: [string, string][] = [
  ['userinfo', 'acme@bos.example:8080'],
  ['userinfo with port', 'acme.bos.example:80@bos.example:8080'],
  ['userinfo of another tenant', 'acme.bos.example:8080@other.bos.example:8080'],
  ['trailing dot', 'acme.bos.example.:8080'],
  ['leading dot', '.bos.example:8080'],
  ['two dots', 'acme..bos.example:8080'],
  ['deep subdomain', 'a.acme.bos.example:8080'],
  ['deep subdomain of a service', 'acme.api.bos.example:8080'],
  ['foreign domain', 'acme.evil.example:8080'],
  ['foreign suffix', 'acme.bos.example.evil.example:8080'],
  ['suffix without a dot', 'acmebos.example:8080'],
  ['top level alone', 'example:8080'],
  ['other port', 'acme.bos.example:8081'],
  ['no port', 'acme.bos.example'],
  ['empty port', 'acme.bos.example:'],
  ['port with a zero in front', 'acme.bos.example:08080'],
  ['port of six digits', 'acme.bos.example:808080'],
  ['port with a sign', 'acme.bos.example:+8080'],
  ['port of letters', 'acme.bos.example:http'],
  ['two ports', 'acme.bos.example:8080:8080'],
  ['space in front', ' acme.bos.example:8080'],
  ['space inside', 'acme .bos.example:8080'],
  ['tab', 'acme\t.bos.example:8080'],
  ['newline at the end', 'acme.bos.example:8080\n'],
  ['comma', 'acme.bos.example:8080,other.bos.example:8080'],
  ['slash', 'acme.bos.example:8080/x'],
  ['backslash', 'acme\\.bos.example:8080'],
  ['encoded dot', 'acme%2ebos.example:8080'],
  ['question mark', 'acme.bos.example:8080?x'],
  ['hash', 'acme.bos.example:8080#x'],
  ['underscore', 'ac_me.bos.example:8080'],
  ['hyphen at the end', 'acme-.bos.example:8080'],
  ['hyphen in front', '-acme.bos.example:8080'],
  ['two hyphens', 'ac--me.bos.example:8080'],
  ['punycode', 'xn--bcher-kva.bos.example:8080'],
  ['UTF-8', 'bücher.bos.example:8080'],
  ['a letter that folds into ASCII', '\u212aestrel.bos.example:8080'],
  ['digit in front', '1acme.bos.example:8080'],
  ['IPv4', '10.0.0.1:8080'],
  ['IPv6', '[::1]:8080'],
  ['localhost in production', 'localhost:8080'],
  ['loopback in production', '127.0.0.1:8080'],
  ['scheme', 'http://acme.bos.example:8080'],
  ['empty', ''],
  ['NUL', 'acme\0.bos.example:8080'],
  ['label of 64', `${'a'.repeat(64)}.bos.example:8080`],
  ['slug of 41', `${'a'.repeat(41)}.bos.example:8080`],
  ['name of more than 80', `${'a.'.repeat(40)}bos.example:8080`],
  ['reserved', 'www.bos.example:8080'],
  ['reserved for mail', 'autodiscover.bos.example:8080'],
  ['too short', 'ab.bos.example:8080'],
];

for (const [what, host] of odd) {
  test(`an odd Host is refused: ${what}`, () => {
    assert.equal(parseHost(['Host', host], options).kind, 'invalid');
  });
}

test('each name of the installation is told apart', () => {
  const kind = (host: string) => parseHost(['Host', host], options);
  assert.deepEqual(kind('bos.example:8080'), { kind: 'base' });
  assert.deepEqual(kind('id.bos.example:8080'), { kind: 'id' });
  assert.deepEqual(kind('api.bos.example:8080'), { kind: 'api' });
  assert.deepEqual(kind('operator.bos.example:8080'), { kind: 'operator' });
  assert.deepEqual(kind('acme.bos.example:8080'), { kind: 'tenant', slug: 'acme' });
  assert.deepEqual(kind('ACME.Bos.Example:8080'), { kind: 'tenant', slug: 'acme' });
});

test('a default port may be left out and any other may not', () => {
  assert.deepEqual(parseHost(['host', 'acme.bos.example'], behindTls), { kind: 'tenant', slug: 'acme' });
  assert.deepEqual(parseHost(['host', 'acme.bos.example:443'], behindTls), { kind: 'tenant', slug: 'acme' });
  assert.equal(parseHost(['host', 'acme.bos.example:80'], behindTls).kind, 'invalid');
  assert.equal(parseHost(['host', 'acme.bos.example'], { ...options, port: 80 }).kind, 'tenant');
});

test('localhost is a name only outside production, and no tenant ever', () => {
  const local = { baseDomain: 'bos.localhost', port: 8080, production: false };
  assert.deepEqual(parseHost(['Host', 'localhost:8080'], local), { kind: 'local' });
  assert.deepEqual(parseHost(['Host', '127.0.0.1:8080'], local), { kind: 'local' });
  assert.equal(parseHost(['Host', 'localhost:8081'], local).kind, 'invalid');
  assert.equal(parseHost(['Host', 'acme.localhost:8080'], local).kind, 'invalid');
  assert.deepEqual(parseHost(['Host', 'acme.bos.localhost:8080'], local), { kind: 'tenant', slug: 'acme' });
});

test('no Host, two of them and two X-Tenant are refused, in any spelling of the names', () => {
  const host = ['Host', 'acme.bos.example:8080'];
  assert.equal(parseHost([], options).kind, 'invalid');
  assert.equal(parseHost(['X-Host', 'acme.bos.example:8080'], options).kind, 'invalid');
  assert.equal(parseHost([...host, 'hOST', 'acme.bos.example:8080'], options).kind, 'invalid');
  assert.equal(parseHost([...host, 'X-Tenant', 'acme', 'x-tenant', 'acme'], options).kind, 'invalid');
  assert.equal(parseHost([...host, 'X-Tenant', 'acme'], options).kind, 'tenant');
});

test('a host that is taken is the text that was sent, but for capitals', () => {
  const label = fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9.-]{0,44}$/), fc.stringMatching(/^[a-z]{3,9}$/));
  fc.assert(
    fc.property(
      label,
      fc.constantFrom('.bos.example:8080', '.bos.example', '.BOS.example:8080', ':8080'),
      (name, end) => {
        const host = parseHost(['Host', name + end], options);
        if (host.kind !== 'tenant') return;
        assert.equal(`${host.slug}.bos.example:8080`, (name + end).toLowerCase());
        assert.match(host.slug, /^[a-z0-9-]{3,40}$/);
      },
    ),
  );
});

test('x-tenant names a slug, is odd like a missing tenant, or invalid when it is there twice', () => {
  assert.deepEqual(readTenantHeader(['Host', 'x']), { kind: 'absent' });
  assert.deepEqual(readTenantHeader(['X-Tenant', 'acme']), { kind: 'slug', slug: 'acme' });
  for (const text of ['', 'ACME', 'acme ', 'acme, other', 'id', 'ab', 'ac_me', '\u212aestrel', 'acme\0']) {
    assert.deepEqual(readTenantHeader(['X-Tenant', text]), { kind: 'odd' }, JSON.stringify(text));
  }
  assert.equal(readTenantHeader(['X-Tenant', 'acme', 'x-TENANT', 'acme']).kind, 'invalid');
});

test('a target is a path and a query, still encoded', () => {
  assert.deepEqual(parseTarget('/'), { kind: 'target', path: '/', query: '' });
  assert.deepEqual(parseTarget('/v1/contacts?name.prefix=M%C3%BC&x=?'), {
    kind: 'target',
    path: '/v1/contacts',
    query: 'name.prefix=M%C3%BC&x=?',
  });
});

test('a target of another form, with odd characters or hidden ones is refused', () => {
  for (const url of [
    '',
    '*',
    'v1/contacts',
    '//evil.example/v1',
    'http://acme.bos.example:8080/v1',
    'acme.bos.example:443',
    '/v1\\contacts',
    '/v1/a b',
    '/v1/a\tb',
    '/v1/ü',
    '/v1/<x>',
    '/v1/a"b',
    '/v1/a#b',
    '/v1/{id}',
    '/v1/%',
    '/v1/%zz',
    '/v1/%c3%28',
    '/v1/%c0%af',
    '/v1/%ed%a0%80',
    '/v1/%00',
    '/v1/%0d%0a',
    '/v1%2fcontacts',
    '/v1%5Ccontacts',
    '/v1/\n',
    `/${'a'.repeat(8_192)}`,
  ]) {
    assert.equal(parseTarget(url).kind, 'invalid', JSON.stringify(url));
  }
});

test('raw headers of a real connection keep what request.headers drops, and are refused', async () => {
  const server = createServer((request, response) => {
    const host = parseHost(request.rawHeaders, { ...options, port: 80 });
    const target = parseTarget(request.url ?? '');
    const status = host.kind === 'invalid' || target.kind === 'invalid' ? 400 : 200;
    response
      .writeHead(status, { connection: 'close' })
      .end(String(headerValues(request.rawHeaders, 'x-tenant').length));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const send = async (head: string | Buffer): Promise<string> => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(head);
    let text = '';
    for await (const chunk of socket) text += chunk;
    return text.slice(9, 12);
  };
  try {
    const get = (target: string, ...headers: string[]) =>
      send(`GET ${target} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
    assert.equal(await get('/', 'Host: acme.bos.example'), '200');
    assert.equal(await get('/', 'Host: acme.bos.example', 'Host: other.bos.example'), '400');
    assert.equal(await get('/', 'Host: acme.bos.example', 'X-Tenant: acme', 'x-tenant: other'), '400');
    assert.equal(await get('/', 'Host: acme.bos.example, other.bos.example'), '400');
    assert.equal(await get('/', 'Host: acme.bos.example\0'), '400');
    assert.equal(await get('/', 'Host:'), '400');
    assert.equal(await get('/', 'Accept: */*'), '400');
    assert.equal(await get('http://acme.bos.example/', 'Host: acme.bos.example'), '400');
    assert.equal(await get('//acme.bos.example/', 'Host: acme.bos.example'), '400');
    assert.equal(await send('OPTIONS * HTTP/1.1\r\nHost: acme.bos.example\r\n\r\n'), '400');
    assert.equal(await send('GET / HTTP/1.0\r\n\r\n'), '400');
    assert.equal(await send(Buffer.from('GET / HTTP/1.1\r\nHost: b\xfccher.bos.example\r\n\r\n', 'latin1')), '400');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
