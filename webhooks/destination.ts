/** Where webhooks may go: to the public internet, and not to what only this machine or its network can reach. */
import { lookup as resolve } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** What is allowed of a destination. */
export interface DestinationRules {
  /** Whether private addresses may be reached, such as this machine. */
  allowPrivate: boolean;
  /** Whether plain http is refused, as it is for production teams. */
  httpsOnly?: boolean;
}

/** The address a cloud provider's virtual machines reach their host's agent at; it looks like any public one. */
const HOST_AGENT = '168.63.129.16';

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an IP address is one that anybody on the internet would reach: not private, loopback, link-local (and so no
 * metadata service), carrier-grade NAT, multicast, reserved, nor an IPv6 address that stands for an IPv4 one.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv6' ? parsed.match(GLOBAL_UNICAST) : parsed.toString() !== HOST_AGENT;
}

/** A connection was not made because its address is not public. */
export class DestinationRefused extends Error {
  override name = 'DestinationRefused';
  readonly code = 'refused';
}

const privateAddress = (host: string) =>
  `${host} is a private address; webhooks go to public ones (VENULE_WEBHOOK_ALLOW_PRIVATE=1 allows it)`;

/** The host of a URL when it is an IP address, however it was written (`0177.1`, `2130706433`, `[::1]`); else null. */
function literalAddress({ hostname }: URL): string | null {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(bare) ? bare : null;
}

/** Why no webhook may go to this URL, as far as can be told without asking the DNS; null when one may. */
export function refusalOfUrl(text: string, rules: DestinationRules): string | null {
  if (!URL.canParse(text)) return 'not a URL';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'the URL must begin with https:// or http://';
  if (rules.httpsOnly && url.protocol !== 'https:') return 'webhooks of a production team go to https:// only';
  if (url.username || url.password) return 'a URL with a user or password in it; send them as a header instead';
  const literal = literalAddress(url);
  if (literal && !rules.allowPrivate && !isPublicAddress(literal)) return privateAddress(literal);
  return null;
}

/**
 * Why no webhook may go to this URL, its host's present addresses included; null when one may, or when the DNS does
 * not know the host (yet) within two seconds. Every connection is checked again.
 */
export async function refusalOfDestination(text: string, rules: DestinationRules): Promise<string | null> {
  const refusal = refusalOfUrl(text, rules);
  if (refusal || rules.allowPrivate) return refusal;
  const url = new URL(text);
  if (literalAddress(url)) return null;
  return new Promise((answer) => {
    const timer = setTimeout(() => answer(null), 2000);
    guardedLookup(rules)(url.hostname, { all: true }, (error) => {
      clearTimeout(timer);
      answer(error instanceof DestinationRefused ? error.message : null);
    });
  });
}

/**
 * A DNS lookup that hands over public addresses only; the connection is then made to one of these very addresses, so
 * that a name which answers differently the second time gains nothing. Fails with `DestinationRefused` when the name
 * has no public address.
 */
export function guardedLookup({ allowPrivate }: DestinationRules): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const reachable = allowPrivate ? addresses : addresses.filter(({ address }) => isPublicAddress(address));
      const [first] = reachable;
      if (!first) return callback(new DestinationRefused(privateAddress(hostname)), []);
      if (options.all) return callback(null, reachable);
      callback(null, first.address, first.family);
    });
  };
}
