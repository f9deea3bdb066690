/** Which laboratory speaks on an MLLP connection: by its address, its certificate, and at last by what its messages say. */
import ipaddr from 'ipaddr.js';
import type { Laboratory } from '../../domain/catalogue/catalogue.ts';
import type { LabConnection } from '../../domain/catalogue/lab-connection.ts';

/** Who is at the other end of a connection. */
export interface Peer {
  address: string;
  /** SHA-256 of the certificate whose key it has shown to hold, hex in lower case; null for none. */
  certificate: string | null;
}

/** Who may send, as it is at one moment; what was found out about a peer is kept with it. */
export class AllowedPeers {
  readonly #all: readonly LabConnection[];
  readonly #known = new WeakMap<Peer, LabConnection[]>();

  constructor(all: readonly LabConnection[]) {
    this.#all = all;
  }

  /** The connections on which this peer may send. */
  of(peer: Peer): LabConnection[] {
    const known = this.#known.get(peer) ?? connectionsOf(peer, this.#all);
    this.#known.set(peer, known);
    return known;
  }
}

function connectionsOf(peer: Peer, all: readonly LabConnection[]): LabConnection[] {
  return all.filter(({ mllp }) => {
    if (!mllp || (mllp.addresses.length === 0 && mllp.certificate === null)) return false;
    if (mllp.certificate !== null && mllp.certificate !== peer.certificate) return false;
    return mllp.addresses.length === 0 || mllp.addresses.some((network) => contains(network, peer.address));
  });
}

/**
 * The one of several connections that a message is from: the one whose laboratory its MSH-3 and MSH-4 name.
 * @param begin How the message begins; nothing is decided by what does not name exactly one of them.
 */
export function connectionNamedBy(
  begin: string,
  candidates: readonly LabConnection[],
  laboratories: ReadonlyMap<string, Pick<Laboratory, 'hl7'>>,
): LabConnection | null {
  if (candidates.length <= 1) return candidates[0] ?? null;
  const header = /MSH(\W)[^\r\n]*/.exec(begin);
  const [, , application = '', facility = ''] = header?.[0].split(header[1] as string) ?? [];
  const named = candidates.filter(({ lab_slug }) => {
    const hl7 = laboratories.get(lab_slug)?.hl7;
    return hl7 && first(application) === fold(hl7.application) && first(facility) === fold(hl7.facility);
  });
  return named.length === 1 ? (named[0] as LabConnection) : null;
}

const fold = (name: string) => name.trim().toLowerCase();
const first = (field: string) => fold(field.split('^', 1)[0] as string);

function contains(network: string, address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const peer = ipaddr.process(address);
  const [base, bits] = ipaddr.isValidCIDR(network)
    ? ipaddr.parseCIDR(network)
    : [ipaddr.process(network), ipaddr.process(network).kind() === 'ipv4' ? 32 : 128];
  return peer.kind() === base.kind() && peer.match(base, bits);
}
