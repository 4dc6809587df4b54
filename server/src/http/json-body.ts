import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { headerValues } from './host.ts';
import { BodyError, type JsonLimits, parseJsonText } from './json-text.ts';

export { BodyError } from './json-text.ts';

/** The client went away before its body was complete. No answer can reach it and nothing went wrong. */
export class ClientGone extends Error {
  constructor() {
    super('The client ended the request before its body was complete');
    this.name = 'ClientGone';
  }
}

/** Bytes that are still taken and thrown away after a refusal, so that a client that is sending can read the answer. */
const discardedBytes = 8 * 1_048_576;

const mediaType = /^application\/json[\t ]*(?:;[\t ]*charset=(?:utf-8|"utf-8")[\t ]*)?$/i;

/**
 * Reads the body of a request as strict JSON: `application/json` in UTF-8, not compressed, at most `maxBytes`
 * (65,536), `maxDepth` levels (32) and `maxEntries` entries (10,000), with the refusals of `parseJsonText`.
 * Holds at most `maxBytes` of a body; what comes after a refusal is thrown away, and the connection ended if it is more
 * than 8 MiB. How long a body may take is up to the server's `requestTimeout`. Call it once per request.
 * @throws BodyError to be answered, its `reason` `empty` when there was no body
 * @throws ClientGone when there is nobody left to answer
 */
export async function readJson(
  request: IncomingMessage,
  { maxBytes = 65_536, maxDepth = 32, maxEntries = 10_000 }: Partial<JsonLimits & { maxBytes: number }> = {},
): Promise<unknown> {
  try {
    refuseByHeaders(request, maxBytes);
  } catch (error) {
    discard(request);
    throw error;
  }
  const bytes = await readBytes(request, maxBytes);
  if (bytes.length === 0) throw empty();
  if (!isUtf8(bytes)) throw new BodyError('not_utf8', 'body', 'is not UTF-8', 'encode it as UTF-8');
  return parseJsonText(bytes.toString('utf8'), { maxDepth, maxEntries });
}

/** Tells whether a request brings a body, which is then thrown away; empty chunks are none. @throws ClientGone */
export async function hasBody(request: IncomingMessage): Promise<boolean> {
  const { headers } = request;
  if (headers['transfer-encoding'] === undefined) {
    if (Number(headers['content-length'] ?? 0) === 0) return false;
    discard(request);
    return true;
  }
  try {
    await readBytes(request, 0);
    return false;
  } catch (error) {
    if (error instanceof BodyError) return true;
    throw error;
  }
}

function refuseByHeaders({ headers, rawHeaders }: IncomingMessage, maxBytes: number): void {
  const length = Number(headers['content-length'] ?? 0);
  if (length === 0 && headers['transfer-encoding'] === undefined) throw empty();
  const [type = '', ...others] = headerValues(rawHeaders, 'content-type');
  if (others.length > 0 || !mediaType.test(type)) {
    throw new BodyError('media_type', 'content-type', 'is not JSON in UTF-8', 'send application/json');
  }
  if (headers['content-encoding'] !== undefined && headers['content-encoding'].toLowerCase() !== 'identity') {
    throw new BodyError('media_type', 'content-encoding', 'is not taken', 'send the body without compression');
  }
  if (length > maxBytes) throw tooLarge(maxBytes);
}

/** Reads a whole body of at most `maxBytes`. @throws BodyError, ClientGone. */
export function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  const onData = (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxBytes) {
      chunks.push(chunk);
      return;
    }
    settle(() => reject(tooLarge(maxBytes)));
    discard(request);
  };
  const onEnd = () => settle(() => resolve(Buffer.concat(chunks, size)));
  // Not 'error': an IncomingMessage emits that only where somebody listens, and always closes.
  const onClose = () => settle(() => reject(new ClientGone()));
  const settle = (outcome: () => void) => {
    request.off('data', onData).off('end', onEnd).off('close', onClose);
    outcome();
  };
  if (request.destroyed && !request.complete) return Promise.reject(new ClientGone());
  request.on('data', onData).on('end', onEnd).on('close', onClose);
  return promise;
}

/** Takes and drops the rest of a refused body. Closing at once would reset the connection under the answer. */
function discard(request: IncomingMessage): void {
  let left = discardedBytes;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
}

function empty(): BodyError {
  return new BodyError('empty', 'body', 'is empty', 'send a JSON object');
}

function tooLarge(maxBytes: number): BodyError {
  return new BodyError('too_large', 'body', 'is too large', `send at most ${maxBytes} bytes`);
}
