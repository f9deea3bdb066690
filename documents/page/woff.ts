/** WOFF, the form in which typefaces come from packages, opened into the form that is quick to read (sfnt). */
import { inflateSync } from 'node:zlib';

const WOFF = 0x774f4646;
const HEADER = 44;
const ENTRY = 20;

/** The typeface as sfnt; one that is so already stays as it is. */
export function unpacked(file: Buffer): Buffer {
  if (file.readUInt32BE(0) !== WOFF) return file;
  const count = file.readUInt16BE(12);
  const tables = Array.from({ length: count }, (_, index) => {
    const at = HEADER + index * ENTRY;
    const [offset = 0, packed = 0, length = 0, checksum = 0] = [4, 8, 12, 16].map((from) =>
      file.readUInt32BE(at + from),
    );
    const bytes = file.subarray(offset, offset + packed);
    return { tag: file.subarray(at, at + 4), checksum, data: packed < length ? inflateSync(bytes) : bytes };
  });

  const directory = Buffer.alloc(12 + 16 * count);
  file.copy(directory, 0, 4, 8);
  directory.writeUInt16BE(count, 4);
  const parts: Buffer[] = [directory];
  let offset = directory.length;
  tables.forEach(({ tag, checksum, data }, index) => {
    const at = 12 + 16 * index;
    tag.copy(directory, at);
    [checksum, offset, data.length].forEach((value, place) => {
      directory.writeUInt32BE(value, at + 4 + 4 * place);
    });
    const padded = Buffer.alloc(Math.ceil(data.length / 4) * 4);
    data.copy(padded);
    parts.push(padded);
    offset += padded.length;
  });
  return Buffer.concat(parts);
}
