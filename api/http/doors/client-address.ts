/** Where a request comes from, as far as that can be counted. */
import type { Request } from 'express';
import ipaddr from 'ipaddr.js';

/**
 * The address that attempts are counted by: of IPv6 the first 64 bits, which one customer of a provider has to himself.
 * What a proxy says of it is believed only of those in `VENULE_TRUSTED_PROXIES`, which Express sees to.
 */
export function clientAddress({ ip }: Pick<Request, 'ip'>): string {
  if (!ip || !ipaddr.isValid(ip)) return 'unknown';
  const address = ipaddr.process(ip);
  return address.kind() === 'ipv4' ? `${address}` : `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/64`)}/64`;
}
