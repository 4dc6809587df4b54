import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { BodyError, ClientGone, readJson } from '../../src/http/json-body.ts';

const statuses = { BODY_INVALID: 400, BODY_TOO_LARGE: 413, MEDIA_TYPE_UNSUPPORTED: 415 };
const maxBytes = 1_000;

let server: Server;
let port: number;
let outcomes: unknown[] = [];
let outcome: () => void = () => {};

before(async () => {
  server = createServer(async (request, response) => {
    try {
      if (request.url === '/late') await new Promise<void>((resolve) => request.once('close', resolve));
      const value = await readJson(request, { maxBytes });
      outcomes.push(value);
      response.writeHead(200).end(JSON.stringify(value));
    } catch (error) {
      outcomes.push(error);
      if (error instanceof BodyError) response.writeHead(statuses[error.code]).end(`${error.reason} ${error.field}`);
    }
    outcome();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

after(() => {
  server.closeAllConnections();
  server.close();
});

function nextOutcome(): Promise<unknown> {
  outcomes = [];
  const { promise, resolve } = Promise.withResolvers<unknown>();
  outcome = () => resolve(outcomes[0]);
  return promise;
}

async function post(body: string | Buffer, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return `${response.status} ${await response.text()}`;
}

/** Sends bytes as they are and reads all that comes back until the server or the test ends the connection. */
async function raw(...parts: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  for (const part of parts) socket.write(part);
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

test('a JSON body is read, in one piece or many', async () => {
  assert.equal(await post('{"name":"Jörg 😀"}'), '200 {"name":"Jörg 😀"}');
  assert.equal(await post('[1]', { 'content-type': 'Application/JSON; charset="UTF-8"' }), '200 [1]');
  const answer = await raw(
    'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    '3\r\n{"a\r\n',
    '4\r\n":1}\r\n',
    '0\r\n\r\n',
  );
  assert.match(answer, /^HTTP\/1.1 200 /);
  assert.match(answer, /\{"a":1\}/);
});

test('a type that is not JSON in UTF-8, or a compressed body, is refused', async () => {
  for (const type of [
    'text/plain',
    'application/json; charset=latin1',
    'application/json; x=y',
    'application/jsonp',
    '',
  ]) {
    assert.equal(await post('{}', { 'content-type': type }), '415 media_type content-type', type);
  }
  assert.equal(await post('{}', { 'content-encoding': 'gzip' }), '415 media_type content-encoding');
  const twice = 'Content-Type: application/json\r\nContent-Type: text/plain';
  assert.match(
    await raw(`POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${twice}\r\nContent-Length: 2\r\n\r\n{}`),
    / 415 /,
  );
});

test('no body is told apart from a bad one', async () => {
  assert.equal(await post(''), '400 empty body');
  assert.match(
    await raw(
      'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ),
    / 400 [\s\S]*empty body/,
  );
  assert.equal(await post('{'), '400 syntax body');
});

test('bytes that are no UTF-8 are refused and never replaced', async () => {
  for (const bytes of [[0xff], [0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
    assert.equal(await post(Buffer.from([0x22, ...bytes, 0x22])), '400 not_utf8 body');
  }
});

test('the limits of the text hold for bodies', async () => {
  assert.equal(await post('{"a":1,"a":2}'), '400 duplicate a');
  assert.equal(
    await post(`${'['.repeat(33)}${']'.repeat(33)}`),
    '400 depth 0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0',
  );
});

test('a body of exactly the limit is taken and one byte more is not', async () => {
  const string = (bytes: number) => JSON.stringify('x'.repeat(bytes - 2));
  assert.equal(await post(string(maxBytes)), `200 ${string(maxBytes)}`);
  assert.equal(await post(string(maxBytes + 1)), '413 too_large body');
});

/** Sends in chunks of 64 kB without a length, for as long as the server takes them. */
function pour(total: number, headers: Record<string, string | number>): Promise<number | 'ended'> {
  const { promise, resolve } = Promise.withResolvers<number | 'ended'>();
  const outgoing = httpRequest({ port, host: '127.0.0.1', method: 'POST', headers, agent: false }, (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  });
  outgoing.on('error', () => resolve('ended'));
  const chunk = Buffer.alloc(65_536, 0x20);
  let sent = 0;
  const more = () => {
    while (sent < total && !outgoing.destroyed) {
      sent += chunk.length;
      if (!outgoing.write(chunk)) {
        outgoing.once('drain', more);
        return;
      }
    }
    outgoing.end();
  };
  more();
  return promise;
}

test('a client that pours out megabytes can read its 413, with a length and without', async () => {
  const type = { 'content-type': 'application/json' };
  assert.equal(await pour(5_242_880, type), 413);
  assert.equal(await pour(5_242_880, { ...type, 'content-length': 5_242_880 }), 413);
  assert.equal(await pour(5_242_880, { 'content-type': 'text/plain' }), 415);
});

for (const [type, status] of [
  ['application/json', 413],
  ['text/plain', 415],
]) {
  test(`a client that never stops sending ${type} is answered, cut off, and the server goes on`, async () => {
    const socket: Socket = connect(port, '127.0.0.1');
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`);
    socket.on('error', () => {});
    let answer = '';
    socket.on('data', (received) => {
      answer += received;
    });
    const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`;
    let chunks = 0;
    while (!socket.destroyed && chunks < 2_000) {
      chunks++;
      if (!socket.write(chunk)) {
        await new Promise<void>((resolve) => {
          socket.once('drain', resolve).once('close', () => resolve());
        });
      }
    }
    assert.ok(answer.startsWith(`HTTP/1.1 ${status} `), answer);
    assert.ok(chunks < 2_000, 'the server took 128 MB');
    assert.equal(await post('1'), '200 1');
  });
}

test('a client that goes away is its own kind, whenever it goes', async () => {
  const head = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
  for (const part of [
    `${head}Content-Length: 100\r\n\r\n`,
    `${head}Content-Length: 100\r\n\r\n{"a":`,
    `${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n`,
    `${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\nodd\r\n`,
  ]) {
    const gone = nextOutcome();
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(part, () => setImmediate(() => socket.destroy()));
    assert.ok((await gone) instanceof ClientGone, part);
  }
  assert.equal(await post('1'), '200 1');
});

test('a client that is gone before the reading begins is told apart too, and nothing waits for it', async () => {
  const gone = nextOutcome();
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const head = 'POST /late HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{';
  socket.write(head, () => setImmediate(() => socket.destroy()));
  assert.ok((await gone) instanceof ClientGone);
});

test('a client that goes away after its refusal disturbs nobody', async () => {
  const refused = nextOutcome();
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\nxx');
  assert.ok((await refused) instanceof BodyError);
  socket.resetAndDestroy();
  await once(socket, 'close');
  assert.equal(await post('1'), '200 1');
});

test('a connection can be used again after a refusal', async () => {
  const json = 'Host: x\r\nContent-Type: application/json\r\n';
  const answers = await raw(
    `POST / HTTP/1.1\r\n${json}Content-Length: 2000\r\n\r\n${' '.repeat(2_000)}`,
    `POST / HTTP/1.1\r\n${json}Connection: close\r\nContent-Length: 4\r\n\r\ntrue`,
  );
  assert.deepEqual(
    [...answers.matchAll(/HTTP\/1.1 (\d+)/g)].map((match) => match[1]),
    ['413', '200'],
  );
});
