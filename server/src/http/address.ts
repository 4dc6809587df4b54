import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { headerValues } from './host.ts';

/**
 * Where a request came from: the peer, or, when the peer is a trusted proxy, the last address of X-Forwarded-For that
 * is none. What an untrusted peer sends under that name is not read.
 */
export function clientAddress(request: IncomingMessage, trusted: BlockList): string {
  let address = plain(request.socket.remoteAddress ?? '');
  const hops = headerValues(request.rawHeaders, 'x-forwarded-for')
    .join(',')
    .split(',')
    .map((hop) => plain(hop.trim()));
  while (hops.length > 0 && isTrusted(address, trusted)) {
    const hop = hops.pop() ?? '';
    if (isIP(hop) === 0) break;
    address = hop;
  }
  return address;
}

/** An address list of single addresses and networks (CIDR, RFC 4632). @throws Error for one that is neither. */
export function networks(list: readonly string[]): BlockList {
  const block = new BlockList();
  for (const text of list) {
    const [address = '', bits] = text.split('/');
    if (bits === undefined) block.addAddress(address, family(address));
    else block.addSubnet(address, Number(bits), family(address));
  }
  return block;
}

/** Says whether an address is on the list; what is no address is on none. */
export function isTrusted(address: string, list: BlockList): boolean {
  return isIP(address) !== 0 && list.check(address, family(address));
}

/** IPv4 inside IPv6 as IPv4. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
