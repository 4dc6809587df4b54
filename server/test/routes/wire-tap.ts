import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after } from 'node:test';

/** A listener on the wire between server and database. */
export interface Tap {
  port: number;
  /** The texts of the statements that were executed while `act` ran, in their order, without those of the server's own loops. */
  during<T>(act: () => Promise<T>): Promise<{ value: T; statements: string[] }>;
}

/** The look at the revocation feed, and at mails that are due. */
const LOOPS = /\bidentity\.feed\b|^update identity\.outbox set tries/;

/** Opens a way to the database that hears what is sent on it; it ends with the test file. */
export async function openTap(far: { host: string; port: number }): Promise<Tap> {
  const sockets = new Set<Socket>();
  let heard: string[] | undefined;
  const server = createServer((near) => {
    const back = connect(far.port, far.host);
    const listener = new Listener((text) => heard?.push(text));
    for (const socket of [near, back]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        back.destroy();
      });
    }
    near.on('data', (bytes: Buffer) => {
      listener.take(bytes);
      back.write(bytes);
    });
    back.pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    during: async (act) => {
      heard = [];
      try {
        const value = await act();
        return { value, statements: heard.filter((text) => !LOOPS.test(text)) };
      } finally {
        heard = undefined;
      }
    },
  };
}

/**
 * Reads the frontend's messages of one connection (PostgreSQL documentation, 53.7) and tells each statement as it is
 * bound, whether it was parsed for this time or before under a name.
 */
class Listener {
  readonly #tell: (text: string) => void;
  readonly #named = new Map<string, string>();
  #rest: Buffer = Buffer.alloc(0);
  #started = false;

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  take(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const head = this.#started ? 1 : 0; // the first message has no type
      if (this.#rest.length < head + 4) return;
      const end = head + this.#rest.readInt32BE(head);
      if (this.#rest.length < end) return;
      if (this.#started) this.#read(String.fromCharCode(this.#rest[0] ?? 0), this.#rest.subarray(5, end));
      this.#started = true;
      this.#rest = this.#rest.subarray(end);
    }
  }

  #read(type: string, body: Buffer): void {
    const [one = '', two = ''] = body.toString('latin1').split('\0', 2);
    if (type === 'Q') this.#tell(one);
    if (type === 'P') this.#named.set(one, two);
    if (type === 'B') this.#tell(this.#named.get(two) ?? two);
  }
}
