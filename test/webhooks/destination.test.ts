/** E4: webhooks go to the public internet only, however an address is written. */
import fc from 'fast-check';
import { isPublicAddress, refusalOfDestination, refusalOfUrl } from '../../webhooks/destination.ts';

const octet = fc.integer({ min: 0, max: 255 });
const v4 = (...parts: fc.Arbitrary<number>[]) => fc.tuple(...parts) as fc.Arbitrary<[number, number, number, number]>;
const exactly = fc.constant;

/** Addresses that only a machine or its network can reach. */
const privateV4 = fc.oneof(
  v4(exactly(0), octet, octet, octet),
  v4(exactly(10), octet, octet, octet),
  v4(exactly(100), fc.integer({ min: 64, max: 127 }), octet, octet),
  v4(exactly(127), octet, octet, octet),
  v4(exactly(169), exactly(254), octet, octet),
  v4(exactly(172), fc.integer({ min: 16, max: 31 }), octet, octet),
  v4(exactly(192), exactly(168), octet, octet),
  v4(exactly(198), fc.integer({ min: 18, max: 19 }), octet, octet),
  v4(fc.integer({ min: 224, max: 255 }), octet, octet, octet),
);

type V4 = [number, number, number, number];
const number = ([a, b, c, d]: V4) => ((a * 256 + b) * 256 + c) * 256 + d;
const hex = (n: number) => n.toString(16).padStart(2, '0');
const groups = ([a, b, c, d]: V4) => `${hex(a)}${hex(b)}:${hex(c)}${hex(d)}`;

/** The ways in which a URL can spell one IPv4 address. */
const spellings: [how: string, (address: V4) => string][] = [
  ['dotted', (address) => address.join('.')],
  ['dotted, with a dot at its end', (address) => `${address.join('.')}.`],
  ['one decimal number', (address) => String(number(address))],
  ['one hexadecimal number', (address) => `0x${number(address).toString(16)}`],
  ['octal parts', (address) => address.map((part) => `0${part.toString(8)}`).join('.')],
  ['hexadecimal parts', (address) => address.map((part) => `0x${part.toString(16)}`).join('.')],
  ['two parts', ([a, b, c, d]) => `${a}.${(b * 256 + c) * 256 + d}`],
  ['full-width digits', (address) => address.join('.').replace(/\d/g, (d) => String.fromCodePoint(0xff10 + Number(d)))],
  ['percent-encoded', (address) => address.join('.').replace(/\d/g, (d) => `%3${d}`)],
  ['mapped into IPv6', (address) => `[::ffff:${address.join('.')}]`],
  ['mapped into IPv6, in hexadecimal', (address) => `[::ffff:${groups(address)}]`],
  ['compatible IPv6', (address) => `[::${groups(address)}]`],
  ['translated (NAT64)', (address) => `[64:ff9b::${groups(address)}]`],
  ['6to4', (address) => `[2002:${groups(address)}::1]`],
];

describe('destinations of webhooks', () => {
  test.each(spellings)('a private IPv4 address is refused when it is written as %s', (_, spell) => {
    fc.assert(
      fc.property(privateV4, fc.constantFrom('http', 'https'), (address, scheme) => {
        expect(refusalOfUrl(`${scheme}://${spell(address)}:8080/hook`, { allowPrivate: false })).toMatch(/private/);
      }),
    );
  });

  test('a private, local or special IPv6 address is refused', () => {
    const rest = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 7, maxLength: 7 });
    const first = fc.oneof(
      fc.integer({ min: 0xfc00, max: 0xfdff }),
      fc.integer({ min: 0xfe80, max: 0xfebf }),
      fc.integer({ min: 0xff00, max: 0xffff }),
      fc.integer({ min: 0x4000, max: 0xffff }),
      fc.integer({ min: 0, max: 0x1fff }),
    );
    fc.assert(
      fc.property(first, rest, (head, tail) => {
        const address = [head, ...tail].map((group) => group.toString(16)).join(':');
        expect(isPublicAddress(address)).toBe(false);
        expect(refusalOfUrl(`https://[${address}]/`, { allowPrivate: false })).toMatch(/private/);
      }),
    );
  });

  test.each([
    '::1',
    '::',
    'fd00:ec2::254',
    '169.254.169.254',
    '168.63.129.16',
    '100.100.100.200',
    '192.0.0.192',
    'not-an-address',
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
      const host = address.includes(':') ? `[${address}]` : address;
      expect(refusalOfUrl(`https://${host}/hook`, { allowPrivate: false })).toBeNull();
    },
  );

  test('a name that leads to a private address is refused', async () => {
    expect(await refusalOfDestination('https://localhost/hook', { allowPrivate: false })).toMatch(/private/);
    expect(await refusalOfDestination('https://localhost/hook', { allowPrivate: true })).toBeNull();
  });

  test('a name that the DNS does not know (yet) is taken', async () => {
    expect(await refusalOfDestination('https://not-there.invalid/hook', { allowPrivate: false })).toBeNull();
  });

  test.each([
    'ftp://8.8.8.8/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'example.com',
    '',
    'https://',
    'https://user:pass@8.8.8.8/',
  ])('no destination: %p', (url) => {
    expect(refusalOfUrl(url, { allowPrivate: true })).not.toBeNull();
  });

  test('a production team is told over https only', () => {
    expect(refusalOfUrl('http://8.8.8.8/', { allowPrivate: true, httpsOnly: true })).toMatch(/https/);
    expect(refusalOfUrl('https://8.8.8.8/', { allowPrivate: false, httpsOnly: true })).toBeNull();
  });
});
