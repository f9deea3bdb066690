/** Takes a postal address apart, as somebody would who has to find the door (C3). */
import { createRequire } from 'node:module';
import type { AddressParser } from '@sroussey/parse-address';
import type { UsAddress } from '../../domain/appointments/appointment.ts';
import type { AddressParts } from '../../domain/appointments/appointment-checks.ts';

/** What the library finds in a line; absent is what is not there. */
interface Found {
  number?: string;
  /** Points of the compass before and after the street. */
  prefix?: string;
  street?: string;
  suffix?: string;
  type?: string;
  sec_unit_type?: string;
  sec_unit_num?: string;
}

/** Made when the first address is read, since it takes eight megabytes of memory. */
let parser: AddressParser | undefined;

function addressParser(): AddressParser {
  const load = createRequire(import.meta.url) as (name: string) => typeof import('@sroussey/parse-address');
  parser ??= new (load('@sroussey/parse-address').AddressParser)('us');
  return parser;
}

const PO_BOX = /^(p\W*o\W*|post\W*office\W*)?box$|^pob$/i;
/** Of several with one number; a door is still to be named. */
const BUILDING = /\b(bldg|building)\W*\w+/gi;
/** A piece that is nothing but a door: `4B`, `# 12`. */
const DOOR = /^#?\s*(\d{1,5}\s?-?[a-z]?|[a-z]\s?-?\d{1,4})$/i;

/** The address taken apart. Lines may be in either order, and a name may stand before the street. */
export function addressParts(address: Pick<UsAddress, 'first_line' | 'second_line' | 'city' | 'state'>): AddressParts {
  const lines = [address.first_line, address.second_line ?? ''].map((line) => line.trim()).filter(Boolean);
  const pieces = lines.flatMap((line) => line.replace(BUILDING, ',').split(',')).map((piece) => piece.trim());
  const read = [...lines, ...pieces].filter(Boolean).map((line) => found(line, address));

  const house = read.find(({ number, street }) => number && street);
  const road = house ?? read.find(({ street }) => street);
  const unit = read.find(({ sec_unit_type, sec_unit_num }) => sec_unit_num && !sec_unit_type?.match(/^b(ui)?ld/i));
  return {
    text: lines.join(', '),
    number: house?.number ?? null,
    street: road?.street ?? null,
    street_type: road?.type ?? null,
    unit: unit?.sec_unit_num ?? (house && pieces.find((piece) => DOOR.test(piece))) ?? null,
    po_box: read.some(({ sec_unit_type }) => PO_BOX.test(sec_unit_type ?? '')),
  };
}

/** What the library makes of one line, without what it took from the town. */
function found(line: string, { city, state }: Pick<UsAddress, 'city' | 'state'>): Found {
  const { number, prefix, street, suffix, type, sec_unit_type, sec_unit_num }: Found =
    addressParser().parseLocation(`${line}, ${city}, ${state}`) ?? {};
  const isWritten = (part: string) => signs(line).includes(signs(part));
  const isStreet = street && isWritten(street) && !/^(st|nd|rd|th)$/i.test(street);
  const isNamed = isStreet && (prefix || suffix || /[a-z]/i.test(street));
  return {
    ...(number && /[1-9]/.test(number) && { number }),
    ...(isNamed && { street }),
    ...(type && { type }),
    ...(sec_unit_type && { sec_unit_type }),
    ...(sec_unit_num && isWritten(sec_unit_num) && { sec_unit_num }),
  };
}

/** Letters and digits alone. */
const signs = (text: string) => text.toLowerCase().replace(/[^a-z0-9]+/g, '');
