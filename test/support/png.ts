/** Makes PNGs, sound ones and others. */
import { crc32, deflateSync } from 'node:zlib';

/**
 * A black RGBA picture.
 * @param filter The byte that each line begins with; more than 4 is none.
 * @param lines How many lines it has; those of its head unless told.
 */
export function pngOf(width: number, height: number, { filter = 0, lines = height } = {}): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 6, 0, 0, 0], 8);
  const line = Buffer.alloc(1 + width * 4, 255);
  line.fill(0, 1, 4);
  line[0] = filter;
  const pixels = deflateSync(Buffer.concat(Array.from({ length: lines }, () => line)));
  return pngFrom(head, pixels);
}

/** A PNG from the content of its first chunk and its packed lines. */
export function pngFrom(head: Buffer, packed: Buffer): Buffer {
  const start = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([start, chunk('IHDR', head), chunk('IDAT', packed), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(name: string, content: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), content]);
  const whole = Buffer.alloc(named.length + 8);
  whole.writeUInt32BE(content.length, 0);
  named.copy(whole, 4);
  whole.writeUInt32BE(crc32(named), named.length + 4);
  return whole;
}
