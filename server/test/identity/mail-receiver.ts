import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { after } from 'node:test';
import { SMTPServer } from 'smtp-server';

/** A mail as it arrived. */
export interface Received {
  from: string;
  to: string[];
  /** Names in lower case. */
  headers: Map<string, string>;
  headerNames: string[];
  text: string;
}

/** A mail server that takes everything, but for what a test wants to go wrong. */
export interface Receiver {
  url: string;
  /** What it has read, whether it took it or not. */
  mails: Received[];
  /** What becomes of the next mails instead of being taken. */
  fates: ('refuse' | 'hang up')[];
  /** Runs when a mail was read and is not answered yet. */
  onMail: (() => Promise<void>) | undefined;
}

/** Starts a mail server on a free port; it ends with the test file. */
export async function openReceiver(): Promise<Receiver> {
  const sockets = new Set<Socket>();
  const receiver: Receiver = { url: '', mails: [], fates: [], onMail: undefined };
  const smtp = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData: (stream, { envelope: { mailFrom, rcptTo } }, done) => {
      void stream.toArray().then(async (chunks) => {
        receiver.mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          ...parseMail(Buffer.concat(chunks as Buffer[]).toString('utf8')),
        });
        await receiver.onMail?.();
        const fate = receiver.fates.shift();
        if (fate === 'hang up') for (const socket of sockets) socket.destroy();
        else done(fate && Object.assign(new Error('try later'), { responseCode: 451 }));
      });
    },
  });
  smtp.on('error', () => {}); // of a connection that was hung up
  smtp.server.on('connection', (socket) => sockets.add(socket));
  await once(smtp.listen(0, '127.0.0.1'), 'listening');
  receiver.url = `smtp://127.0.0.1:${(smtp.server.address() as AddressInfo).port}`;
  closing.push(smtp);
  return receiver;
}

const closing: SMTPServer[] = [];
after(() => {
  for (const smtp of closing) smtp.close();
});

/** Reads headers (RFC 5322, unfolded; RFC 2047 is not needed here) and a text body in 7bit or quoted-printable (RFC 2045). */
function parseMail(raw: string): Pick<Received, 'headers' | 'headerNames' | 'text'> {
  const end = raw.indexOf('\r\n\r\n');
  const lines = raw
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const pairs = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const headers = new Map(pairs);
  const body = raw.slice(end + 4);
  const quoted = headers.get('content-transfer-encoding')?.toLowerCase() === 'quoted-printable';
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return {
    headers,
    headerNames: pairs.map(([name]) => name),
    text: (quoted ? Buffer.from(bytes, 'latin1').toString('utf8') : body).replaceAll('\r\n', '\n'),
  };
}
