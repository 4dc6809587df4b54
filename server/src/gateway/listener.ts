import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { Refusal } from '../refusal.ts';
import { malformedAnswer, sendProblem } from './answer.ts';

/** A port that is taken and answers. */
export interface Listener {
  readonly port: number;
  /** Gives it something to serve; until then every request is answered 503. */
  serve(handler: RequestListener): void;
  /** Takes no new connection, answers what is under way and whatever else comes on open connections, and ends those. */
  drain(): Promise<void>;
  /** Ends everything at once. */
  close(): void;
}

const MAX_HEADERS = 16_384;
/** How long requests that are under way may take at the end. */
const DRAIN_MS = 10_000;

/** Takes a port (0: a free one). @throws the error of `net`, such as EADDRINUSE. */
export function openListener(port: number, log: Logger): Promise<Listener> {
  const busy = new WeakMap<Duplex, Set<ServerResponse>>();
  let handler: RequestListener = starting;
  let draining = false;
  const take = (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const open = busy.get(socket) ?? new Set();
    busy.set(socket, open.add(response));
    response.once('close', () => open.delete(response));
    if (draining) response.setHeader('Connection', 'close');
    handler(request, response);
  };
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADERS,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 65_000,
      requireHostHeader: false, // a missing Host is refused like any other odd one
    },
    take,
  );
  server.on('checkExpectation', take); // an expectation may be ignored (RFC 9110, 10.1.1)
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!mayAnswer(socket, busy.get(socket))) return void socket.destroy();
    const requestId = randomUUID();
    log.info({ requestId, status: 400, code: 'REQUEST_INVALID', reason: error.code }, 'request');
    socket.end(malformedAnswer(requestId, reasonOf(error.code)), () => socket.destroy());
  });
  const drain = async () => {
    draining = true;
    const limit = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    const idle = setInterval(() => server.closeIdleConnections(), 20);
    await new Promise<void>((resolve) => void server.close(() => resolve()));
    clearTimeout(limit);
    clearInterval(idle);
  };
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        serve: (given) => {
          handler = given;
        },
        drain,
        close,
      });
    });
  });
}

const starting: RequestListener = (_request, response) => {
  sendProblem(response, randomUUID(), new Refusal('DATABASE_UNAVAILABLE'));
};

/** True when an answer now is the answer to what was malformed, and not to an earlier request on the connection. */
function mayAnswer(socket: Duplex, open: Set<ServerResponse> | undefined): boolean {
  if (!socket.writable || socket.destroyed) return false;
  const [first, ...others] = open ?? [];
  return first === undefined || (others.length === 0 && !first.req.complete && !first.headersSent);
}

function reasonOf(code: string | undefined): { field: string; problem: string; fix: string } {
  if (code === 'HPE_HEADER_OVERFLOW')
    return { field: 'headers', problem: 'are too large', fix: `send at most ${MAX_HEADERS} bytes of them` };
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return { field: 'request', problem: 'did not arrive in time', fix: 'send it in one go' };
  return { field: 'request', problem: 'is not well-formed HTTP', fix: 'see RFC 9112' };
}
