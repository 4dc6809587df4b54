import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Answer of a server: status and body. */
export interface Answer {
  status: number;
  body: string;
}

const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * One keep-alive connection that sends ready-made requests, one at a time, and reads answers with a Content-Length:
 * as little work as possible on the machine that it shares with the servers.
 */
export class KeptConnection {
  readonly #socket: Socket;
  #read: Buffer[] = [];
  #missing = -1;
  #settle: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#take(chunk));
    const lost = () => this.#settle?.reject(new Error('the server closed the connection'));
    socket.on('error', lost);
    socket.on('close', lost);
  }

  static async open(port: number): Promise<KeptConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new KeptConnection(socket);
  }

  /** Sends a request and reads its answer. @throws Error when the connection is lost. */
  send(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#socket.write(request);
    });
  }

  end(): void {
    this.#settle = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#read.push(chunk);
    if (this.#missing < 0) {
      const all = this.#read.length === 1 ? chunk : Buffer.concat(this.#read);
      this.#read = [all];
      const end = all.indexOf(HEAD_END);
      if (end < 0) return;
      const length = /\r\ncontent-length: *(\d+)/i.exec(all.toString('latin1', 0, end))?.[1];
      if (length === undefined) {
        this.#settle?.reject(new Error('an answer without a Content-Length'));
        return;
      }
      this.#missing = end + HEAD_END.length + Number(length) - all.length;
    } else {
      this.#missing -= chunk.length;
    }
    if (this.#missing > 0) return;
    const all = this.#read.length === 1 ? (this.#read[0] as Buffer) : Buffer.concat(this.#read);
    this.#read = [];
    this.#missing = -1;
    const status = Number(all.toString('latin1', 9, 12));
    this.#settle?.resolve({ status, body: all.toString('utf8', all.indexOf(HEAD_END) + HEAD_END.length) });
  }
}
