/** Values of the options of `admin connection`. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { posix } from 'node:path';
import { InvalidArgumentError } from 'commander';
import ipaddr from 'ipaddr.js';

/** A server, as `host:port`. */
export function hostAndPort(text: string): { host: string; port: number } {
  const url = URL.canParse(`mllp://${text}`) ? new URL(`mllp://${text}`) : null;
  if (url?.hostname && Number(url.port) > 0 && `${url.host}` === text)
    return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) };
  throw new InvalidArgumentError('Use host:port, such as orders.lab.example:2575.');
}

/** The text of a PEM file. */
export function pem(path: string): string {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new InvalidArgumentError(`${path} cannot be read.`);
  }
  if (text.includes('-----BEGIN ')) return text;
  throw new InvalidArgumentError(`${path} is not PEM.`);
}

/** Addresses and networks with commas between them; none for `none`. */
export function networks(text: string): string[] {
  if (text === 'none') return [];
  const all = text.split(',').map((each) => each.trim());
  // Four numbers: ipaddr.js also takes `10` for 0.0.0.10.
  const isWhole = (each: string) => isIP(each.split('/', 1)[0] as string) > 0;
  if (all.every((each) => isWhole(each) && (ipaddr.isValid(each) || ipaddr.isValidCIDR(each)))) return all;
  throw new InvalidArgumentError('Use addresses or networks such as 203.0.113.7,10.20.0.0/16.');
}

/** SHA-256 of a certificate, from its file or as people copy it; empty for none. */
export function fingerprint(text: string): string {
  if (text === 'none') return '';
  const digits = text.replaceAll(':', '').toLowerCase();
  if (/^[\da-f]{64}$/.test(digits)) return digits;
  try {
    return new X509Certificate(pem(text)).fingerprint256.replaceAll(':', '').toLowerCase();
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw error;
    throw new InvalidArgumentError(`${text} is not a certificate.`);
  }
}

/** Who we are on an SFTP server, as `user@host` or `user@host:port`. */
export function userAtHost(text: string): { user: string; host: string; port: number } {
  const [, user, place] = /^([^@\s]+)@(\S+)$/.exec(text) ?? [];
  const url = place !== undefined && URL.canParse(`sftp://${place}`) ? new URL(`sftp://${place}`) : null;
  const port = Number(url?.port || 22);
  if (user && url?.hostname && port > 0 && url.host === place?.toLowerCase()) {
    return { user, host: url.hostname.replace(/^\[|\]$/g, ''), port };
  }
  throw new InvalidArgumentError('Use user@host or user@host:port, such as venule@files.lab.example.');
}

/** A host key's fingerprint as OpenSSH prints it. */
export function hostKey(text: string): string {
  const digest = text.replace(/^SHA256:/, '').replace(/=+$/, '');
  if (/^[A-Za-z0-9+/]{43}$/.test(digest)) return digest;
  throw new InvalidArgumentError('Use the SHA256:… that ssh-keygen -lf prints for the host key.');
}

/** A folder of a server, without a slash at its end, or any dots. */
export function folder(text: string): string {
  const path = text === '' ? '' : posix.normalize(text).replace(/\/+$/, '');
  if (path !== '' && !/[\0\r\n]/.test(path)) return path;
  throw new InvalidArgumentError('Use a folder, such as /orders.');
}
