/** How a laboratory and Venule reach each other: a transport for orders, those for results, and who is who on each (F12). */

/** Which orders and results a connection is for. */
export type Environment = 'sandbox' | 'production';

/** TLS to a laboratory's own server. Null: the system's certificate authorities; no certificate of ours. */
export interface ClientTls {
  /** The authority that signed the laboratory's certificate, PEM. */
  ca: string | null;
  /** Our certificate and its key, PEM. */
  certificate: string | null;
  key: string | null;
}

/** How orders go out. */
export type OrderTransport =
  | { kind: 'http'; url: string; user: string; password: string }
  | { kind: 'mllp'; host: string; port: number; tls: ClientTls | null }
  /** As files, which the laboratory picks up. */
  | { kind: 'sftp'; server: SftpServer; folder: string };

/**
 * How a laboratory acknowledges orders: in its answer; later, in a message or a file of its own; or never, so that a
 * delivered order has its requisition.
 */
export const ACKNOWLEDGEMENTS = ['answer', 'later', 'none'] as const;
export type Acknowledges = (typeof ACKNOWLEDGEMENTS)[number];

/** A laboratory's SFTP server, and who we are there. */
export interface SftpServer {
  host: string;
  port: number;
  user: string;
  password: string | null;
  /** OpenSSH or PEM. */
  private_key: string | null;
  /** SHA-256 of its host key as OpenSSH prints it, without `SHA256:`. */
  host_key: string;
}

/** Where the laboratory leaves its messages, and where they go once they are taken in; folders of the same file system. */
export interface SftpPickUp {
  server: SftpServer;
  folder: string;
  archive: string;
}

/** Who may send on HTTP: user, and SHA-256 of the password (hex). */
export interface HttpSender {
  user: string;
  password_hash: string;
}

/** Who may send on MLLP: both are asked, where both are given. */
export interface MllpSender {
  /** Addresses and networks, such as `203.0.113.7` and `10.20.0.0/16`; empty for any. */
  addresses: string[];
  /** SHA-256 of the client's certificate, hex in lower case; null for none. */
  certificate: string | null;
}

/** One laboratory in one environment. */
export interface LabConnection {
  lab_slug: string;
  environment: Environment;
  orders: OrderTransport;
  acknowledges: Acknowledges;
  http: HttpSender | null;
  mllp: MllpSender | null;
  sftp: SftpPickUp | null;
}
