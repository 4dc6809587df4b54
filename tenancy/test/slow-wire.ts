import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionOptions } from '../src/index.ts';

type Cut = ((bytes: Buffer) => number | undefined) | undefined;

/** A network between the kernel and PostgreSQL that can pause in the middle of what it carries. */
export interface SlowWire {
  /** The options of the connection that goes through it. */
  connection: ConnectionOptions;
  /** Where to pause in what the client sent, or the server; undefined lets it pass at once. */
  cut: { toServer: Cut; toClient: Cut };
  /** Bytes that the server sent so far. */
  received: number;
  /** How often the server said ReadyForQuery. */
  ready: number;
  /** Breaks every connection. */
  tear(): void;
}

/** How long a pause lasts. */
const PAUSE_MS = 60;

/** Opens the network; closed when the file ends. */
export async function slowWire(connection: ConnectionOptions): Promise<SlowWire> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const database = connect(connection.port, connection.host);
    for (const socket of [client, database]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        database.destroy();
      });
    }
    carry(client, database, (bytes) => wire.cut.toServer?.(bytes));
    carry(database, client, (bytes) => {
      wire.received += bytes.length;
      for (const { type } of messages(bytes)) if (type === 'Z') wire.ready++;
      return wire.cut.toClient?.(bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const wire: SlowWire = {
    connection: { ...connection, host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    cut: { toServer: undefined, toClient: undefined },
    received: 0,
    ready: 0,
    tear: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
  after(() => {
    server.close();
    wire.tear();
  });
  return wire;
}

function carry(from: Socket, to: Socket, cut: (bytes: Buffer) => number | undefined): void {
  let before = Promise.resolve();
  from.on('data', (bytes) => {
    before = before.then(async () => {
      const at = cut(bytes);
      if (at === undefined) {
        to.write(bytes);
        return;
      }
      to.write(bytes.subarray(0, at));
      await sleep(PAUSE_MS);
      to.write(bytes.subarray(at));
    });
  });
}

/** The protocol messages of a piece that begins with one; `end` is the offset behind it. */
export function messages(bytes: Buffer): { type: string; end: number }[] {
  const found: { type: string; end: number }[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    found.push({ type: String.fromCharCode(bytes[at] ?? 0), end });
    at = end;
  }
  return found;
}

/** Pauses behind the first message of the type. */
export const behind = (type: string) => (bytes: Buffer) => messages(bytes).find((one) => one.type === type)?.end;
