import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after } from 'node:test';
import type { ConnectionOptions } from '@businessos/tenancy';

/** A network between a server and its database that can swallow everything without a sign, and deliver it later. */
export interface SilentWire {
  port: number;
  /** Falls silent for all connections, or for those that ever carried a text to the database. */
  silence(only?: string): void;
  mend(): void;
}

interface Link {
  near: Socket;
  far: Socket;
  /** What went to the database so far. */
  sent: string;
}

/** Opens the network; closed when the file ends. */
export async function openWire({ host, port }: Pick<ConnectionOptions, 'host' | 'port'>): Promise<SilentWire> {
  const links = new Set<Link>();
  let silentFor: string | undefined;
  const hush = ({ near, far, sent }: Link) => {
    if (silentFor === undefined || !sent.includes(silentFor)) return false;
    near.pause();
    far.pause();
    return true;
  };
  const server = createServer((near) => {
    const link: Link = { near, far: connect(port, host), sent: '' };
    const { far } = link;
    links.add(link);
    hush(link);
    near.on('data', (bytes: Buffer) => {
      link.sent += bytes.toString('latin1');
      if (hush(link)) near.unshift(bytes);
      else far.write(bytes);
    });
    far.on('data', (bytes: Buffer) => near.write(bytes));
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        links.delete(link);
        near.destroy();
        far.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    server.close();
    for (const { near, far } of links) {
      near.destroy();
      far.destroy();
    }
  });
  return {
    port: (server.address() as AddressInfo).port,
    silence: (only = '') => {
      silentFor = only;
      for (const link of links) hush(link);
    },
    mend: () => {
      silentFor = undefined;
      for (const { near, far } of links) {
        near.resume();
        far.resume();
      }
    },
  };
}
