// Keeps a crawl of a public site out of private networks. A crawl never leaves its host, but the name of a host may lead to
// another address at each connection. A host whose name first led to public addresses is refused when it leads to a private
// one. A host that is private from the start is allowed, because a person has named it.

import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIPv6, type LookupFunction } from 'node:net';

const reserved = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  reserved.addSubnet(network, prefix, 'ipv4');
  // The same networks inside IPv6 by NAT64.
  reserved.addSubnet(`64:ff9b::${network}`, 96 + prefix, 'ipv6');
}
for (const [network, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  reserved.addSubnet(network, prefix, 'ipv6');

/** Whether an IP address belongs to this machine, a private network, or no host at all. */
export function isPrivateAddress(address: string): boolean {
  return reserved.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

type Resolve = (
  host: string,
  options: LookupOptions & { all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Resolves host names for the connections of one crawl. */
export function guardedLookup(resolve: Resolve = lookup): LookupFunction {
  let isPublic = false;
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) {
        callback(error ?? Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '', 0);
        return;
      }
      const leadsInside = addresses.some(({ address }) => isPrivateAddress(address));
      if (leadsInside && isPublic) {
        const refused = new Error(`${host} now leads to a private address`);
        callback(Object.assign(refused, { code: 'PRIVATE_ADDRESS' }), '', 0);
        return;
      }
      isPublic ||= !leadsInside;
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
